// Scanners that act as keyboards: fast keys, ended by Enter or Tab, are one code, whatever has the focus.

import { tidy } from "./codes.js";

export const PAUSE = 120; // milliseconds at most between two keys: a slow radio stutters, a cheap phone is busy
const FASTEST = 50; // milliseconds a key, on average, that nobody types
const QUANTITY = /^\d{1,7}$/;
const SILENT = ["Shift", "Control", "Alt", "AltGraph", "CapsLock", "NumLock", "Unidentified"];
const HIDDEN = { Minus: "-", Period: ".", Slash: "/", Space: " " }; // by the key's place, where an input method took it

/** The character that a key types, "" for Shift and the like, null for what no scanner types. */
function typed(event) {
  if (event.repeat) return null; // somebody leans on a key
  if (SILENT.includes(event.key)) return "";
  if (event.ctrlKey && event.key === "]") return "\u001d"; // the separator of GS1
  if (event.metaKey || ((event.ctrlKey || event.altKey) && !event.getModifierState("AltGraph"))) return null;
  if (event.key.length === 1) return event.key;
  if (event.key !== "Process") return null;
  const place = /^(?:Key|Digit|Numpad)([A-Z0-9])$/.exec(event.code);
  return place ? place[1] : HIDDEN[event.code] || "";
}

function isField(element) {
  return element instanceof Element && element.matches("input, textarea, select");
}

/** What a burst of keys may change, so that it can be put back. */
function remembered(element) {
  if (!isField(element)) return { element: null };
  return { element, value: element.value, from: element.selectionStart, to: element.selectionEnd };
}

function putBack({ element, value, from, to }) {
  if (!element || element.value === value) return;
  element.value = value;
  if (typeof from === "number") element.setSelectionRange(from, to);
  element.dispatchEvent(new Event("input", { bubbles: true }));
}

/**
 * Whether `text`, typed within so many milliseconds and without a pause, is a scanner's: by its speed, and outside of
 * fields also by what it is, since nothing but quantities is typed there.
 */
export function isScanned(text, milliseconds, isInField) {
  const isFast = milliseconds / (text.length - 1) <= FASTEST;
  return isInField ? text.length >= 4 && isFast : text.length >= 2 && (isFast || !QUANTITY.test(text));
}

/**
 * Call onCode(code) for each scan until the returned function is called. What a scan typed into a field is taken out
 * again, and neither its Enter nor its Tab reaches the page. What a person types is left alone.
 */
export function listen(onCode, target = document) {
  let burst = null; // {text, from, last, field}
  let isMute = false; // a soft keyboard does not say which key it was; the text comes as input

  function add(text, event) {
    if (burst && event.timeStamp - burst.last > PAUSE) burst = null;
    burst ||= { text: "", from: event.timeStamp, last: event.timeStamp, field: remembered(event.target) };
    burst.text += text;
    burst.last = event.timeStamp;
  }

  function isScan(event) {
    if (!burst || event.timeStamp - burst.last > PAUSE) return false;
    const { element } = burst.field;
    if (element?.isConnected && event.target !== element) return false; // a field that was drawn anew lost the focus
    return isScanned(burst.text, burst.last - burst.from, Boolean(element));
  }

  function onKey(event) {
    const isEnd = event.key === "Enter" || event.key === "Tab" || (event.key === "Process" && /^(Numpad)?Enter$|^Tab$/.test(event.code));
    if (isEnd && isScan(event)) {
      const { text, field } = burst;
      burst = null;
      event.preventDefault();
      event.stopImmediatePropagation();
      if (event.isComposing) event.target.blur(); // an input method gives its letters up
      putBack(field);
      target.dispatchEvent(new Event("scanned"));
      onCode(tidy(text));
      return;
    }
    const text = isEnd ? null : typed(event);
    isMute = event.key === "Unidentified" || (event.key === "Process" && !event.code);
    if (text === null) burst = null;
    else if (text) add(text, event);
    // A space would press the button that has the focus.
    if (text && burst.text.length > 1 && !burst.field.element) event.preventDefault();
  }

  function onInput(event) {
    if (isMute && event.inputType === "insertText" && event.data) add(event.data, event);
  }

  target.addEventListener("keydown", onKey, true);
  target.addEventListener("beforeinput", onInput, true);
  return () => {
    target.removeEventListener("keydown", onKey, true);
    target.removeEventListener("beforeinput", onInput, true);
  };
}
