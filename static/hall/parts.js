// Pieces of screens: cards, big buttons, the box for codes.

import { h, fill } from "./dom.js";
import { takeScans } from "./scans.js";
import { moment, t } from "./texts.js";

export function bigButton(label, onclick, attributes = {}) {
  const { tone = "", ...rest } = attributes;
  return h("button", { type: "button", class: `big ${tone}`, onclick, ...rest }, label);
}

export function softButton(label, onclick) {
  return bigButton(label, onclick, { tone: "soft" });
}

/** Buttons beside each other. */
export function acts(...buttons) {
  return h("div", { class: "acts" }, buttons);
}

/** A quiet line of facts, without those that are empty. */
export function soft(...facts) {
  return h("p", { class: "soft" }, facts.filter(Boolean).join(" · "));
}

/** The same within a row. */
export function fact(text) {
  return text ? h("span", { class: "soft" }, text) : null;
}

export function bad(text) {
  return text ? h("span", { class: "bad" }, text) : null;
}

/** Rows under a heading, which is left out where there are none. */
export function listOf(title, rows) {
  return [rows.length ? h("h2", {}, title) : null, h("ul", { class: "entries" }, rows)];
}

/** A row that a finger chooses. */
export function choice(onclick, title, ...facts) {
  return h("li", {}, h("button", { type: "button", class: "pick", onclick }, h("b", {}, title), facts));
}

/** A row of something that was entered, or that looks like it; the `state` colours its edge. */
export function entryRow({ state = "", title, uuid = null }, ...children) {
  return h("li", { class: `entry ${state}`, "data-uuid": uuid }, h("b", {}, title), children);
}

/** One of several that can be on. */
export function option(label, isOn, onclick) {
  return h("button", { type: "button", class: `part ${isOn ? "on" : ""}`, "aria-pressed": String(isOn), onclick }, label);
}

/** Large links below each other, or what is said where there are none. */
export function tiles(rows, none) {
  return rows.length ? h("nav", { class: "tiles wide" }, rows) : none;
}

export function linkTo(path, label) {
  return h("a", { class: "big soft", href: `#/${path}` }, label);
}

export function stepperKey(label, onclick, sign) {
  return h("button", { type: "button", class: "key", "aria-label": label, onclick }, sign);
}

/** A field for some words, heard when it is left. */
export function noteField(label, value, onNote) {
  const heard = (event) => onNote(event.target.value);
  return h("label", { class: "field" }, label, h("input", { type: "text", maxlength: 200, value, onchange: heard }));
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
  const plain = { autocomplete: "off", autocapitalize: "none", spellcheck: "false", enterkeyhint: "go" };
  const field = h("input", { type: "text", class: "code", "aria-label": label, placeholder: label, ...plain });
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
    const wish = { place, onCode: found, say: (sentence) => said(sentence, "bad"), onClosed: gone };
    camera = import("./camera.js").then(({ scan }) => scan(wish));
    return camera.catch(() => {
      gone();
      said(t("The camera's part of this page could not be loaded. Open it once with a connection."), "bad");
    });
  };
  const form = h("form", { class: "scan", onsubmit: (event) => { event.preventDefault(); found(field.value); } },
    field,
    h("button", { type: "submit", class: "go" }, t("OK")),
    h("button", { type: "button", class: "go", "aria-label": t("Scan with the camera"), onclick: open }, icon("camera")));
  const stop = takeScans(found);
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

/** Told beside a copy that stands in for the server's answer; "" where it is the answer. */
export function ageOf({ at, isFresh }) {
  return isFresh ? "" : t("As of %(when)s: there is no connection.", { when: moment(at) });
}

export function progress(done, all, label) {
  return h("div", { class: "progress" }, h("progress", { max: Math.max(all, 1), value: done, "aria-label": label }), h("span", {}, label));
}
