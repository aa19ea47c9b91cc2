// How many: a keypad for whole pieces, or for full packs and loose ones.

import { fill, h } from "./dom.js";
import { bigButton, said } from "./parts.js";
import { t } from "./texts.js";
import { PAUSE, isScanned } from "./wedge.js";

const MOST = 10 ** 9; // as the server
const SCANNED = 4; // so many fast keys are a scanner's, also of one that ends its codes with nothing

/** What was typed so far. `part` is where the next digit goes: packs, size (pieces in a pack) or loose. */
class Pieces {
  constructor(value, pack) {
    Object.assign(this, { packs: "", size: String(Math.max(pack, 1)), loose: value === null ? "" : String(value) });
    Object.assign(this, { part: "loose", isFresh: true, isPacked: false });
  }

  /** null while nothing is typed: that is not zero. */
  total() {
    if (this.loose === "" && (!this.isPacked || this.packs === "")) return null;
    return Number(this.loose) + (this.isPacked ? Number(this.packs) * Number(this.size) : 0);
  }

  /** False where it would become more than can be. The first digit replaces what stood there. */
  press(key) {
    const before = this[this.part];
    const kept = this.isFresh && key !== "back" ? "" : before;
    this[this.part] = key === "back" ? kept.slice(0, -1) : (kept + key).replace(/^0+(?=\d)/, "");
    if ((this.total() || 0) > MOST || Number(this[this.part]) > MOST) {
      this[this.part] = before;
      return false;
    }
    this.isFresh = false;
    return true;
  }

  step(by) {
    const total = (this.total() || 0) + by;
    if (total >= 0 && total <= MOST) this.inPieces(total);
  }

  inPieces(total) {
    Object.assign(this, { isPacked: false, part: "loose", packs: "", loose: total === null ? "" : String(total), isFresh: true });
  }

  /** From pieces to packs and back; nothing typed gets lost. */
  turn() {
    const isPacked = !this.isPacked;
    this.inPieces(this.total());
    if (isPacked) Object.assign(this, { isPacked, part: "packs" });
  }

  aim(part) {
    Object.assign(this, { part, isFresh: true });
  }
}

/** Digits typed by a person, outside of fields, go to `press`; returns how to stop. */
function hearKeys(press) {
  let burst = [];
  let from = 0;
  let pause = 0;
  const drop = () => {
    clearTimeout(pause);
    burst = [];
  };
  const flush = (last) => {
    const keys = burst;
    drop();
    const isDigits = keys.every((key) => key === "back" || /^\d$/.test(key));
    if (isDigits && (keys.length < SCANNED || !isScanned(keys.join(""), last - from, false))) keys.forEach(press);
  };
  const typed = (event) => {
    if (event.target.closest("input, textarea, select") || event.ctrlKey || event.metaKey || event.altKey) return;
    const isOurs = /^\d$/.test(event.key) || event.key === "Backspace";
    if (!isOurs && event.key.length !== 1) return;
    if (isOurs) event.preventDefault();
    if (!burst.length) from = event.timeStamp;
    burst.push(event.key === "Backspace" ? "back" : event.key);
    clearTimeout(pause);
    pause = setTimeout(flush, PAUSE, event.timeStamp);
  };
  document.addEventListener("keydown", typed);
  document.addEventListener("scanned", drop); // those keys were a code: a bin's may have two digits
  return () => {
    drop();
    document.removeEventListener("keydown", typed);
    document.removeEventListener("scanned", drop);
  };
}

function key(label, onclick, attributes = {}) {
  return h("button", { type: "button", class: "key", onclick, ...attributes }, label);
}

/** `onChange(value)` hears every change, null while it is empty; `onDone(value)` the button. */
export function quantityPad({ value = null, pack = 1, onChange, onDone }) {
  const pieces = new Pieces(value, pack);
  const shown = h("output", { class: "quantity", "aria-live": "polite" });
  const face = h("div", { class: "pad" });
  const after = (change) => {
    if (change() === false) return said(t("That is more than fits into a hall. Write a smaller number."), "bad");
    draw();
    onChange(pieces.total());
  };
  const press = (digit) => after(() => pieces.press(digit));
  const step = (by) => after(() => pieces.step(by));

  function part(name, label) {
    const aim = () => { pieces.aim(name); draw(); };
    const pressed = { class: `part ${pieces.part === name ? "on" : ""}`, "aria-pressed": String(pieces.part === name) };
    return h("button", { type: "button", onclick: aim, ...pressed }, h("b", {}, pieces[name] || "–"), h("span", {}, label));
  }

  function draw() {
    const total = pieces.total();
    shown.value = total === null ? "–" : String(total);
    const packs = [part("packs", t("full packs")), h("span", {}, "×"), part("size", t("in a pack"))];
    fill(face,
      h("div", { class: "stepper" },
        key("−", () => step(-1), { "aria-label": t("One less") }), shown, key("+", () => step(1), { "aria-label": t("One more") })),
      pieces.isPacked ? h("div", { class: "packed" }, packs, h("span", {}, "+"), part("loose", t("loose"))) : null,
      h("div", { class: "keys" },
        [..."123456789"].map((digit) => key(digit, () => press(digit))),
        key(t("Packs"), () => after(() => pieces.turn()), { class: "key small", "aria-pressed": String(pieces.isPacked) }),
        key("0", () => press("0")),
        key("⌫", () => press("back"), { "aria-label": t("Delete the last digit") })),
      bigButton(t("Done"), () => onDone(pieces.total()), { tone: "good", disabled: total === null }));
  }

  const close = hearKeys(press);
  draw();
  return { element: face, total: () => pieces.total(), add: step, close };
}
