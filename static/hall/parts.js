// Pieces of screens: cards, big buttons, the box for codes, the pad for quantities.

import { h, fill } from "./dom.js";
import { t } from "./texts.js";
import { listen } from "./wedge.js";

export function bigButton(label, onclick, attributes = {}) {
  const { tone = "", ...rest } = attributes;
  return h("button", { type: "button", class: `big ${tone}`, onclick, ...rest }, label);
}

export function card(attributes, ...children) {
  const { tone = "", ...rest } = attributes;
  return h("section", { class: `card ${tone}`, ...rest }, ...children);
}

let saying = null;

/** One sentence for all screens, which screen readers read out; tones: "", good, bad, soft. */
export function said(text, tone = "", act = null) {
  saying = saying || document.getElementById("said");
  fill(saying, text ? h("p", { class: `said ${tone}` }, h("span", {}, text), act) : null);
}

/** Vibrates and, where the browser lets it, beeps: low for what went wrong. */
export function feel(isGood) {
  if (navigator.vibrate) navigator.vibrate(isGood ? 40 : [90, 60, 90]);
}

/** A field for codes, whatever they come from: fast keys anywhere on the page, fingers, or the camera. */
export function scanBox({ label, onCode }) {
  const field = h("input", { type: "text", class: "code", "aria-label": label, placeholder: label, autocomplete: "off", autocapitalize: "none", spellcheck: "false", enterkeyhint: "go" });
  const found = (code) => {
    const clean = code.trim();
    field.value = "";
    if (clean) onCode(clean);
  };
  const place = h("div", { class: "camera", hidden: true });
  let camera = null; // the promise of a scanner
  const gone = () => {
    camera = null;
    place.hidden = true;
  };
  const close = () => camera?.then((scanner) => scanner.close());
  const open = () => {
    if (camera) return close();
    place.hidden = false;
    camera = import("./camera.js").then(({ scan }) => scan({ place, onCode: found, say: (sentence) => said(sentence, "bad"), onClosed: gone }));
    return camera.catch(() => {
      gone();
      said(t("The camera's part of this page could not be loaded. Open it once with a connection."), "bad");
    });
  };
  const form = h("form", { class: "scan", onsubmit: (event) => { event.preventDefault(); found(field.value); } },
    field,
    h("button", { type: "submit", class: "go" }, t("OK")),
    h("button", { type: "button", class: "go", "aria-label": t("Scan with the camera"), onclick: open }, icon("camera")));
  const stop = listen(found);
  return { element: h("div", {}, form, place), field, close: () => { stop(); close(); } };
}

const ICONS = {
  camera: "M4 8h3l2-3h6l2 3h3v11H4zM12 10a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7z",
  back: "M15 5l-7 7 7 7",
  cloud: "M7 18a4 4 0 0 1 0-8 5 5 0 0 1 9.6-1A4.5 4.5 0 0 1 17 18z",
  off: "M7 18a4 4 0 0 1 0-8 5 5 0 0 1 9.6-1A4.5 4.5 0 0 1 17 18zM4 4l16 16",
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  path.setAttribute("d", ICONS[name]);
  svg.append(path);
  return svg;
}

const MOST = 10 ** 9; // as the server

/** Whole pieces from a keypad, or full packs and loose ones. `onChange(value)` hears every change, null while empty. */
export function quantityPad({ value = null, pack = 1, onChange, onDone }) {
  const state = { digits: value === null ? "" : String(value), isFresh: true, part: "loose", packs: "", size: String(Math.max(pack, 1)), isPacked: false };
  const shown = h("output", { class: "quantity", "aria-live": "polite" });
  const face = h("div", { class: "pad" });

  const number = (digits) => (digits === "" ? null : Number(digits));
  const total = () => {
    if (!state.isPacked) return number(state.digits);
    if (state.packs === "" && state.digits === "") return null;
    return (number(state.packs) || 0) * (number(state.size) || 0) + (number(state.digits) || 0);
  };
  const changed = () => {
    draw();
    onChange(total());
  };
  const press = (key) => {
    const name = state.isPacked ? state.part : "digits";
    const field = name === "loose" ? "digits" : name;
    let digits = state.isFresh ? "" : state[field];
    if (key === "back") digits = state.isFresh ? "" : digits.slice(0, -1);
    else digits = (digits + key).replace(/^0+(?=\d)/, "");
    if (Number(digits) > MOST) return said(t("That is more than fits into a hall. Write a smaller number."), "bad");
    state[field] = digits;
    state.isFresh = false;
    changed();
  };
  const step = (by) => {
    const now = total() || 0;
    if (now + by < 0) return;
    Object.assign(state, { isPacked: false, digits: String(now + by), isFresh: true });
    changed();
  };
  const part = (name, label, digits) => h("button", { type: "button", class: `part ${state.part === name ? "on" : ""}`, "aria-pressed": String(state.part === name), onclick: () => { state.part = name; state.isFresh = true; draw(); } }, h("b", {}, digits === "" ? "–" : digits), h("span", {}, label));

  function draw() {
    const value = total();
    shown.value = value === null ? "–" : String(value);
    const packed = state.isPacked
      ? h("div", { class: "packed" }, part("packs", t("full packs"), state.packs), h("span", {}, "×"), part("size", t("in a pack"), state.size), h("span", {}, "+"), part("loose", t("loose"), state.digits))
      : null;
    fill(face,
      h("div", { class: "stepper" },
        h("button", { type: "button", class: "key", "aria-label": t("One less"), onclick: () => step(-1) }, "−"), shown,
        h("button", { type: "button", class: "key", "aria-label": t("One more"), onclick: () => step(1) }, "+")),
      packed,
      h("div", { class: "keys" }, ["1", "2", "3", "4", "5", "6", "7", "8", "9"].map((key) => h("button", { type: "button", class: "key", onclick: () => press(key) }, key)),
        h("button", { type: "button", class: "key small", "aria-pressed": String(state.isPacked), onclick: () => { Object.assign(state, { isPacked: !state.isPacked, part: "packs", isFresh: true, packs: "", digits: String(value ?? "") }); changed(); } }, t("Packs")),
        h("button", { type: "button", class: "key", onclick: () => press("0") }, "0"),
        h("button", { type: "button", class: "key", "aria-label": t("Delete the last digit"), onclick: () => press("back") }, "⌫")),
      bigButton(t("Done"), () => onDone(total()), { tone: "good", disabled: value === null }));
  }

  // Fast keys are a scanner's: they are nobody's quantity.
  let burst = [];
  let pause = 0;
  const flush = () => {
    const keys = burst;
    burst = [];
    if (keys.length < 4 && keys.every((key) => key === "back" || /^\d$/.test(key))) keys.forEach(press);
  };
  const typed = (event) => {
    if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const isOurs = /^\d$/.test(event.key) || event.key === "Backspace";
    if (!isOurs && event.key.length !== 1) return;
    if (isOurs) event.preventDefault();
    burst.push(event.key === "Backspace" ? "back" : event.key);
    clearTimeout(pause);
    pause = setTimeout(flush, 80);
  };
  document.addEventListener("keydown", typed);
  draw();
  return { element: face, total, add: (by) => step(by), close: () => { clearTimeout(pause); document.removeEventListener("keydown", typed); } };
}

export function progress(done, all, label) {
  return h("div", { class: "progress" }, h("progress", { max: Math.max(all, 1), value: done, "aria-label": label }), h("span", {}, label));
}
