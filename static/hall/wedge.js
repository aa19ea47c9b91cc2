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

function isEnd({ key, code }) {
  return key === "Enter" || key === "Tab" || (key === "Process" && /^(Numpad)?Enter$|^Tab$/.test(code));
}

class Ear {
  constructor(onCode, target) {
    Object.assign(this, { onCode, target, burst: null }); // burst: {text, from, last, field}
    this.isMute = false; // a soft keyboard does not say which key it was; the text comes as input
  }

  add(text, event) {
    if (this.burst && event.timeStamp - this.burst.last > PAUSE) this.burst = null;
    this.burst ||= { text: "", from: event.timeStamp, last: event.timeStamp, field: remembered(event.target) };
    this.burst.text += text;
    this.burst.last = event.timeStamp;
  }

  isScan(event) {
    const { burst } = this;
    if (!burst || event.timeStamp - burst.last > PAUSE) return false;
    const { element } = burst.field;
    if (element?.isConnected && event.target !== element) return false; // a field that was drawn anew lost the focus
    return isScanned(burst.text, burst.last - burst.from, Boolean(element));
  }

  onKey(event) {
    if (isEnd(event) && this.isScan(event)) return this.take(event);
    const text = isEnd(event) ? null : typed(event);
    this.isMute = event.key === "Unidentified" || (event.key === "Process" && !event.code);
    if (text === null) this.burst = null;
    else if (text) this.add(text, event);
    // A space would press the button that has the focus.
    if (text && this.burst.text.length > 1 && !this.burst.field.element) event.preventDefault();
    return undefined;
  }

  take(event) {
    const { text, field } = this.burst;
    this.burst = null;
    event.preventDefault();
    event.stopImmediatePropagation();
    if (event.isComposing) event.target.blur(); // an input method gives its letters up
    putBack(field);
    this.target.dispatchEvent(new Event("scanned"));
    this.onCode(tidy(text));
  }

  onInput(event) {
    if (this.isMute && event.inputType === "insertText" && event.data) this.add(event.data, event);
  }
}

/**
 * Call onCode(code) for each scan until the returned function is called. What a scan typed into a field is taken out
 * again, and neither its Enter nor its Tab reaches the page. What a person types is left alone.
 */
export function listen(onCode, target = document) {
  const ear = new Ear(onCode, target);
  const stop = new AbortController();
  const heard = { capture: true, signal: stop.signal };
  target.addEventListener("keydown", (event) => ear.onKey(event), heard);
  target.addEventListener("beforeinput", (event) => ear.onInput(event), heard);
  return () => stop.abort();
}
