// What customers sent back: fit for sale, not fit, or thrown away, piece by piece.

import { doneSince, linesOf, listed, opened, rowLink } from "../documents.js";
import { fill, h } from "../dom.js";
import { begun, keep, oneAtATime } from "../kept.js";
import { bigButton, card, feel, progress, said, scanBox } from "../parts.js";
import * as queue from "../queue.js";
import { byServer } from "../server.js";
import { nt, t } from "../texts.js";

const PATH = "/api/v1/returns/";
const LIST = `${PATH}?state=announced&ordering=created_at&page_size=100`;
const KINDS = [["sellable", () => t("fit for sale")], ["unsellable", () => t("not fit")], ["scrapped", () => t("thrown away")]];

export const list = {
  path: /^inspect$/,
  title: () => t("Returns"),
  async open(main, match, hall) {
    const { rows, note } = await listed([LIST]);
    const here = rows.filter((row) => row.lines.some((line) => line.warehouse === hall.session.warehouse));
    const find = (code) => {
      const found = here.filter((row) => [row.number, row.order].some((name) => name.toLowerCase() === code.toLowerCase()) || linesOf(row.lines, code).length);
      feel(found.length > 0);
      if (found.length === 1) hall.go(`inspect/${found[0].number}`);
      else said(found.length ? t("“%(code)s” comes back on several returns. Choose one.", { code }) : t("“%(code)s” is on no return that is expected here.", { code }), found.length ? "" : "bad");
    };
    const box = scanBox({ label: t("Scan return or item"), onCode: find });
    fill(main, note ? h("p", { class: "soft" }, note) : null, box.element,
      here.length ? h("nav", { class: "tiles wide" }, here.map((row) => rowLink(`inspect/${row.number}`, row.number, `${row.order} · ${nt("one piece", "%(n)s pieces", row.lines.reduce((sum, line) => sum + line.quantity, 0))}`, row.reason))) : card({ tone: "good" }, h("p", {}, t("No return waits to be inspected here."))));
    return () => box.close();
  },
  async takeAlong(hall) {
    if (hall.may("orders.change_return")) await listed([LIST]);
  },
};

export const screen = {
  path: /^inspect\/(.+)$/,
  title: () => t("Inspect a return"),
  async open(main, [, number]) {
    const desk = new Desk(main, number);
    await desk.begin();
    return () => desk.end();
  },
};

class Desk {
  constructor(main, number) {
    Object.assign(this, { main, number, name: `inspect/${number}` });
    for (const name of ["send", "undo"]) this[name] = oneAtATime(this[name].bind(this));
  }

  async begin() {
    const { data, at, note } = await opened(`${PATH}${encodeURIComponent(this.number)}/`, [LIST], this.number);
    Object.assign(this, { document: data, at, note });
    this.found = (await begun(this.name)) || {}; // by line: {sellable, unsellable, scrapped, note}
    this.rows = await queue.entries();
    this.box = scanBox({ label: t("Scan what came back"), onCode: (code) => this.scanned(code) });
    this.top = h("div", {});
    this.lists = h("div", {});
    fill(this.main, this.top, this.box.element, this.lists);
    this.stop = queue.onChange((rows) => {
      this.rows = rows;
      if (!this.lists.querySelector("input:focus")) this.draw(); // a note is being typed
    });
    this.draw();
  }

  end() {
    this.stop();
    this.box.close();
  }

  of(line) {
    return { sellable: 0, unsellable: 0, scrapped: 0, note: "", ...this.found[line.id] };
  }

  pieces(line) {
    return KINDS.reduce((sum, [kind]) => sum + this.of(line)[kind], 0);
  }

  async set(line, changes) {
    this.found[line.id] = { ...this.of(line), ...changes };
    await keep(this.name, this.found);
    this.draw();
  }

  add(line, kind, by) {
    const now = this.of(line)[kind] + by;
    if (now < 0) return undefined;
    if (by > 0 && this.pieces(line) >= line.quantity) {
      feel(false);
      return said(nt("Only one was announced. Put another number down first.", "Only %(n)s were announced. Put another number down first.", line.quantity), "bad");
    }
    said("");
    return this.set(line, { [kind]: now });
  }

  scanned(code) {
    const lines = linesOf(this.document.lines, code);
    const line = lines.find((one) => this.pieces(one) < one.quantity) || lines[0];
    feel(Boolean(line));
    if (!line) return said(t("“%(code)s” is not on %(number)s. Nothing was noted.", { code, number: this.number }), "bad");
    return this.add(line, "sellable", 1);
  }

  isDone() {
    return this.document.state !== "announced" || doneSince(this.rows, this.name, this.at).length > 0;
  }

  async send() {
    const lines = this.document.lines.filter((line) => this.pieces(line)).map((line) => ({ line: line.id, ...this.of(line) }));
    this.entry = await queue.act({ path: `${PATH}${encodeURIComponent(this.number)}/inspect/`, body: { lines, at: byServer(new Date().toISOString()) }, title: t("%(number)s inspected", { number: this.number }), subject: { document: this.name } });
    await keep(this.name, null);
    said(t("%(number)s: inspected.", { number: this.number }), "good");
    this.draw();
  }

  async undo() {
    const waiting = doneSince(this.rows, this.name, this.at).find((entry) => queue.UNSENT.includes(entry.state));
    if (!waiting || !(await queue.drop(waiting.seq))) await queue.act({ path: `${PATH}${encodeURIComponent(this.number)}/undo/`, body: {}, title: t("Undo: %(what)s", { what: t("%(number)s inspected", { number: this.number }) }), subject: { undoes: this.name } });
    else await keep(this.name, this.found);
    said(t("%(what)s: taken back.", { what: this.number }), "good");
    this.rows = await queue.entries();
    this.isUndone = !waiting;
    this.draw();
  }

  draw() {
    const { lines } = this.document;
    const all = lines.reduce((sum, line) => sum + line.quantity, 0);
    const done = lines.reduce((sum, line) => sum + this.pieces(line), 0);
    fill(this.top, h("p", { class: "soft" }, [this.number, this.document.order, this.document.reason, this.note].filter(Boolean).join(" · ")), progress(done, all, t("%(n)s of %(all)s pieces looked at", { n: done, all })));
    this.box.element.hidden = this.isDone();
    if (this.isUndone) return fill(this.lists, card({}, h("p", {}, t("It is announced as before once this is sent.")), h("a", { class: "big soft", href: "#/inspect" }, t("To the other returns"))));
    if (this.isDone()) return fill(this.lists, card({ tone: "good" }, h("h2", {}, t("Inspected")), h("p", {}, t("What is fit is on sale again; the rest is off sale or written off.")),
      bigButton(t("Undo"), () => this.undo(), { tone: "soft" }), h("a", { class: "big soft", href: "#/inspect" }, t("To the other returns"))));
    return fill(this.lists, lines.map((line) => this.drawLine(line)),
      done < all ? h("p", { class: "soft" }, t("What is not noted did not come.")) : null,
      bigButton(t("Inspected"), () => this.send(), { tone: "good", disabled: !done, id: "inspected" }));
  }

  drawLine(line) {
    const one = this.of(line);
    const row = ([kind, label]) => h("div", { class: "stepper named", "data-kind": kind },
      h("button", { type: "button", class: "key", "aria-label": t("%(what)s: one less", { what: label() }), onclick: () => this.add(line, kind, -1) }, "−"),
      h("div", {}, h("output", { class: "quantity" }, String(one[kind])), h("span", { class: "soft" }, label())),
      h("button", { type: "button", class: "key", "aria-label": t("%(what)s: one more", { what: label() }), onclick: () => this.add(line, kind, 1) }, "+"));
    return card({ "data-line": line.id }, h("h2", {}, line.name), h("p", { class: "soft" }, `${line.product} · ${nt("one piece announced", "%(n)s pieces announced", line.quantity)}`),
      KINDS.map(row),
      one.unsellable || one.scrapped ? h("label", { class: "field" }, t("What is wrong with it"), h("input", { type: "text", maxlength: 200, value: one.note, onchange: (event) => this.set(line, { note: event.target.value }) })) : null);
  }
}
