// What customers sent back: fit for sale, not fit, or thrown away, piece by piece.

import { Desk, atDesk } from "../desk.js";
import { drawList, linesOf, listed, rowLink } from "../documents.js";
import { fill, h } from "../dom.js";
import { keep, oneAtATime } from "../kept.js";
import {
  bigButton, card, fact, feel, linkTo, noteField, progress, said, soft, softButton, stepperKey,
} from "../parts.js";
import * as queue from "../queue.js";
import { nt, t } from "../texts.js";

const PATH = "/api/v1/returns/";
const LIST = `${PATH}?state=announced&ordering=created_at&page_size=100`;
const KINDS = [["sellable", () => t("fit for sale")], ["unsellable", () => t("not fit")], ["scrapped", () => t("thrown away")]];

function find(returns, code, hall) {
  const isNamed = (row) => [row.number, row.order].some((name) => name.toLowerCase() === code.toLowerCase());
  const found = returns.filter((row) => isNamed(row) || linesOf(row.lines, code).length);
  feel(found.length > 0);
  if (found.length === 1) return hall.go(`inspect/${found[0].number}`);
  return found.length
    ? said(t("“%(code)s” comes back on several returns. Choose one.", { code }))
    : said(t("“%(code)s” is on no return that is expected here.", { code }), "bad");
}

function linkOf(row) {
  const pieces = row.lines.reduce((sum, line) => sum + line.quantity, 0);
  return rowLink(`inspect/${row.number}`, row.number, `${row.order} · ${nt("one piece", "%(n)s pieces", pieces)}`, row.reason);
}

export const list = {
  path: /^inspect$/,
  title: () => t("Returns"),
  async open(main, match, hall) {
    const { rows, note } = await listed([LIST]);
    const here = rows.filter((row) => row.lines.some((line) => line.warehouse === hall.session.warehouse));
    return drawList(main, {
      label: t("Scan return or item"),
      onCode: (code) => find(here, code, hall),
      note,
      links: here.map(linkOf),
      none: card({ tone: "good" }, h("p", {}, t("No return waits to be inspected here."))),
    });
  },
  async takeAlong(hall) {
    if (hall.may("orders.change_return")) await listed([LIST]);
  },
};

export const screen = {
  path: /^inspect\/(.+)$/,
  title: () => t("Inspect a return"),
  open: atDesk((main, hall, number) => new Inspection(main, hall, "inspect", number)),
};

/** What is begun of it is, by line: {sellable, unsellable, scrapped, note}. */
class Inspection extends Desk {
  constructor(...told) {
    super(...told);
    for (const name of ["send", "undo"]) this[name] = oneAtATime(this[name].bind(this));
  }

  begin() {
    return this.lay({ path: this.pathOf(), lists: [LIST], label: t("Scan what came back") });
  }

  pathOf(act = "") {
    return `${PATH}${encodeURIComponent(this.number)}/${act}`;
  }

  heed(rows) {
    this.rows = rows;
    if (!this.panel.querySelector("input:focus")) this.draw(); // a note is being typed
  }

  of(line) {
    return { sellable: 0, unsellable: 0, scrapped: 0, note: "", ...this.begun[line.id] };
  }

  pieces(line) {
    return KINDS.reduce((sum, [kind]) => sum + this.of(line)[kind], 0);
  }

  async set(line, changes) {
    this.begun[line.id] = { ...this.of(line), ...changes };
    await keep(this.name, this.begun);
    this.draw();
  }

  add(line, kind, by) {
    const value = this.of(line)[kind] + by;
    if (value < 0) return undefined;
    if (by > 0 && this.pieces(line) >= line.quantity) {
      feel(false);
      return said(nt(
        "Only one was announced. Put another number down first.",
        "Only %(n)s were announced. Put another number down first.", line.quantity), "bad");
    }
    said("");
    return this.set(line, { [kind]: value });
  }

  scanned(code) {
    const { number } = this;
    const lines = linesOf(this.document.lines, code);
    const line = lines.find((one) => this.pieces(one) < one.quantity) || lines[0];
    feel(Boolean(line));
    if (!line) return said(t("“%(code)s” is not on %(number)s. Nothing was noted.", { code, number }), "bad");
    return this.add(line, "sellable", 1);
  }

  isDone() {
    return this.document.state !== "announced" || this.news().length > 0;
  }

  async send() {
    const seen = this.document.lines.filter((line) => this.pieces(line));
    const body = { lines: seen.map((line) => ({ line: line.id, ...this.of(line) })) };
    const title = t("%(number)s inspected", { number: this.number });
    await queue.act({ path: this.pathOf("inspect/"), body, title, subject: { document: this.name }, isTimed: true });
    await keep(this.name, null);
    said(t("%(number)s: inspected.", { number: this.number }), "good");
    this.draw();
  }

  async undo() {
    const waiting = this.news().find((entry) => queue.UNSENT.includes(entry.state));
    if (waiting && (await queue.drop(waiting.seq))) {
      await keep(this.name, this.begun);
    } else {
      const what = t("%(number)s inspected", { number: this.number });
      const title = t("Undo: %(what)s", { what });
      await queue.act({ path: this.pathOf("undo/"), body: {}, title, subject: { undoes: this.name } });
    }
    said(t("%(what)s: taken back.", { what: this.number }), "good");
    this.rows = await queue.entries();
    this.isUndone = !waiting;
    this.draw();
  }

  draw() {
    const { lines } = this.document;
    const all = lines.reduce((sum, line) => sum + line.quantity, 0);
    const done = lines.reduce((sum, line) => sum + this.pieces(line), 0);
    fill(this.top, soft(this.number, this.document.order, this.document.reason, this.note),
      progress(done, all, t("%(n)s of %(all)s pieces looked at", { n: done, all })));
    this.box.element.hidden = this.isDone();
    if (this.isUndone || this.isDone()) return fill(this.panel, this.isUndone ? this.drawUndone() : this.drawDone());
    return fill(this.panel, lines.map((line) => this.drawLine(line)),
      done < all ? soft(t("What is not noted did not come.")) : null,
      bigButton(t("Inspected"), () => this.send(), { tone: "good", disabled: !done, id: "inspected" }));
  }

  drawUndone() {
    return card({}, h("p", {}, t("It is announced as before once this is sent.")), linkTo("inspect", t("To the other returns")));
  }

  drawDone() {
    return card({ tone: "good" }, h("h2", {}, t("Inspected")),
      h("p", {}, t("What is fit is on sale again; the rest is off sale or written off.")),
      softButton(t("Undo"), () => this.undo()),
      linkTo("inspect", t("To the other returns")));
  }

  drawLine(line) {
    const one = this.of(line);
    const isWrong = one.unsellable || one.scrapped;
    return card({ "data-line": line.id }, h("h2", {}, line.name),
      soft(line.product, nt("one piece announced", "%(n)s pieces announced", line.quantity)),
      KINDS.map(([kind, label]) => this.drawKind(line, kind, label())),
      isWrong ? noteField(t("What is wrong with it"), one.note, (note) => this.set(line, { note })) : null);
  }

  drawKind(line, kind, what) {
    return h("div", { class: "stepper named", "data-kind": kind },
      stepperKey(t("%(what)s: one less", { what }), () => this.add(line, kind, -1), "−"),
      h("div", {}, h("output", { class: "quantity" }, String(this.of(line)[kind])), fact(what)),
      stepperKey(t("%(what)s: one more", { what }), () => this.add(line, kind, 1), "+"));
  }
}
