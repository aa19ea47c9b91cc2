// Goods that arrive, of a purchase order or a transfer: scan each piece, say what is broken or was never ordered, and
// take it all into stock at the end. What is begun is kept with every change.

import { Desk } from "./desk.js";
import { linesOf } from "./documents.js";
import { fill, h } from "./dom.js";
import { keep, oneAtATime } from "./kept.js";
import { quantityPad } from "./pad.js";
import {
  acts, bad, bigButton, card, choice, entryRow, fact, feel, linkTo, listOf, noteField, progress, said, soft, softButton,
  stepperKey,
} from "./parts.js";
import { photoField } from "./photos.js";
import * as queue from "./queue.js";
import { now } from "./server.js";
import { moment, nt, t } from "./texts.js";

const SHOWN = 5; // receipts of before

/** A line as the server is told of it. */
function bodyOf(line, { pieces, damaged, note, photo }) {
  return { line, quantity: pieces, ...(damaged ? { damaged, note, photo } : {}) };
}

/** What is begun of it is, by line: {pieces, damaged, note, photo}. */
export class Arrival extends Desk {
  /** `kind`: {name, path, lists, left(line), from(document), takesDamage, takesFindings} */
  constructor(main, hall, kind, number) {
    super(main, hall, kind.name, number);
    this.kind = kind;
    this.receive = oneAtATime(this.receive.bind(this));
    this.open = null; // the line that is being counted: {line, pad}
  }

  begin() {
    return this.lay({ path: this.pathOf(), lists: this.kind.lists(this.hall), label: t("Scan what arrived") });
  }

  end() {
    super.end();
    this.close();
  }

  pathOf(act = "") {
    return `${this.kind.path}${encodeURIComponent(this.number)}/${act}`;
  }

  // How far it is

  /** Pieces of a line that are still to come, without what this device received and the copy does not show yet. */
  left(line) {
    const done = this.news().reduce((sum, entry) => sum + (entry.subject.pieces[line.id] || 0), 0);
    return Math.max(this.kind.left(line) - done, 0);
  }

  pieces() {
    return Object.values(this.begun).reduce((sum, one) => sum + one.pieces, 0);
  }

  async set(line, changes) {
    const one = { pieces: 0, damaged: 0, note: "", photo: null, ...this.begun[line.id], ...changes };
    if (!one.pieces) Object.assign(one, { damaged: 0, note: "", photo: null });
    one.damaged = Math.min(one.damaged, one.pieces);
    this.begun[line.id] = one;
    if (!one.pieces) delete this.begun[line.id];
    await keep(this.name, Object.keys(this.begun).length ? this.begun : null);
  }

  // What a code does

  scanned(code) {
    const found = linesOf(this.document.lines, code);
    const line = found.find((one) => this.left(one) > (this.begun[one.id]?.pieces || 0)) || found[0];
    if (!line) return this.wrong(code);
    feel(true);
    said("");
    if (this.open && this.open.line === line) return this.open.pad.add(1);
    return this.show(line, (this.begun[line.id]?.pieces || 0) + 1);
  }

  async show(line, value = this.begun[line.id]?.pieces ?? null) {
    this.close();
    const changed = (pieces) => this.changed(line, pieces);
    const pad = quantityPad({ value, pack: line.pack_size || 1, onChange: changed, onDone: () => this.finish() });
    this.open = { line, pad };
    if (value !== null) await this.set(line, { pieces: value });
    this.draw();
    this.drawPanel();
  }

  async changed(line, pieces) {
    await this.set(line, { pieces: pieces || 0 });
    this.drawMore();
  }

  close() {
    if (this.open) this.open.pad.close();
    this.open = null;
    fill(this.panel);
  }

  finish() {
    const { line } = this.open;
    const one = this.begun[line.id];
    this.close();
    const told = one && { n: one.pieces, name: line.name };
    if (one) said(t("%(n)s × %(name)s: noted. Nothing is in stock before you receive it all.", told), "good");
    this.draw();
    scrollTo(0, 0);
  }

  // Never ordered

  wrong(code) {
    feel(false);
    this.close();
    said(t("“%(code)s” is not on %(number)s. Nothing was counted.", { code, number: this.number }), "bad");
    this.draw();
    if (this.kind.takesFindings) this.drawWrong(code);
  }

  drawWrong(code) {
    let photo = null;
    const note = h("input", { type: "text", maxlength: 200 });
    const told = (pieces) => this.report(code, pieces, note.value, photo);
    const pad = quantityPad({ value: 1, onChange: () => null, onDone: told });
    const giveUp = () => {
      this.close();
      said("");
      this.draw();
    };
    this.open = { line: null, pad };
    this.top.hidden = true;
    fill(this.panel, card({ tone: "open" }, h("h2", {}, t("Came by mistake: “%(code)s”", { code })),
      soft(t("It is kept beside the order for the office, and is not stock. Say how many there are.")),
      photoField({ onChange: (taken) => { photo = taken; } }),
      h("label", { class: "field" }, t("Note"), note), pad.element,
      softButton(t("No, I scan again"), giveUp)));
  }

  async report(code, quantity, note, photo) {
    this.close();
    if (quantity) {
      const title = t("%(n)s × %(code)s came by mistake with %(number)s", { n: quantity, code, number: this.number });
      const body = { order: this.number, code, quantity, note, photo };
      await queue.act({ path: "/api/v1/delivery-findings/", body, title, subject: { document: this.name, pieces: {} } });
      said(t("%(what)s: kept for the office.", { what: title }), "good");
    }
    this.draw();
  }

  // At the end

  async receive() {
    const chosen = Object.entries(this.begun).map(([line, one]) => bodyOf(Number(line), one));
    const pieces = this.pieces();
    const at = now();
    // Photos are large: each goes with its own line, so that none holds the others up.
    await this.send(chosen.filter((one) => !one.photo), at);
    for (const one of chosen.filter((line) => line.photo)) await this.send([one], at);
    this.labels = this.labelsOf(chosen);
    this.begun = {};
    await keep(this.name, null);
    said(nt("One piece is received.", "%(n)s pieces are received.", pieces), "good");
    this.isDone = true;
    this.draw();
    scrollTo(0, 0);
  }

  async send(lines, at) {
    if (!lines.length) return;
    const pieces = lines.reduce((sum, one) => sum + one.quantity, 0);
    const title = nt("%(number)s: one piece received", "%(number)s: %(n)s pieces received", pieces, { number: this.number });
    const subject = { document: this.name, pieces: Object.fromEntries(lines.map((one) => [one.line, one.quantity])) };
    await queue.act({ path: this.pathOf("receive/"), body: { lines, at }, title, subject });
  }

  /** Where the labels of what was received are printed, one for each piece. */
  labelsOf(chosen) {
    const product = new Map(this.document.lines.map((line) => [line.id, line.product]));
    const codes = chosen.map((one) => product.get(one.line)).join(",");
    return `/api/v1/labels/?kind=products&codes=${encodeURIComponent(codes)}&each=${chosen.map((one) => one.quantity).join(",")}`;
  }

  /** What the server has is taken back there; its goods leave the stock again. */
  async undoReceipt(receipt) {
    const line = this.document.lines.find((one) => one.id === receipt.line);
    const what = t("%(n)s × %(name)s received", { n: receipt.quantity, name: line ? line.name : receipt.product });
    if (!confirm(t("Take back “%(what)s”? The pieces leave the stock and are on order again.", { what }))) return;
    const subject = { document: this.name, receipt: receipt.id, pieces: { [receipt.line]: -receipt.quantity } };
    const title = t("Undo: %(what)s", { what });
    await queue.act({ path: this.pathOf("undo-receipt/"), body: { receipt: receipt.id }, title, subject });
    this.isDone = false;
    said(t("%(what)s: taken back.", { what }), "good");
  }

  /** Take back what has not been sent: it is as it was before. */
  async undo(entry) {
    const lines = entry.body.lines || [];
    const isGone = await queue.drop(entry.seq);
    if (!isGone) return said(t("The server has it already. Ask the office to take it back."), "bad");
    for (const { line: id, quantity, damaged = 0, note = "", photo = null } of lines)
      await this.set({ id }, { pieces: (this.begun[id]?.pieces || 0) + quantity, damaged, note, photo });
    this.isDone = false;
    said(t("%(what)s: taken back.", { what: entry.title }), "good");
    return this.draw();
  }

  // What is seen

  draw() {
    const { lines } = this.document;
    const all = lines.reduce((sum, line) => sum + this.left(line), 0);
    const pieces = this.pieces();
    this.top.hidden = Boolean(this.open);
    fill(this.top,
      soft(this.kind.from(this.document), this.note),
      all || pieces ? progress(Math.min(pieces, all), all, t("%(n)s of %(all)s pieces are here", { n: pieces, all })) : null);
    if (this.open) return fill(this.lists);
    const here = lines.filter((line) => this.begun[line.id]);
    const left = lines.filter((line) => !this.begun[line.id] && this.left(line));
    const receive = () => bigButton(
      nt("Receive one piece", "Receive %(n)s pieces", pieces), () => this.receive(), { tone: "good", id: "receive" });
    return fill(this.lists,
      this.isDone || (!left.length && !here.length) ? this.drawEnd(left.length) : null,
      listOf(t("Here"), here.map((line) => this.drawHere(line))),
      here.length ? receive() : null,
      listOf(t("Still to come"), left.map((line) => this.drawLeft(line))),
      this.drawReceipts(),
      this.drawWaiting());
  }

  drawLeft(line) {
    const facts = `${line.product} · ${nt("one piece", "%(n)s pieces", this.left(line))}`;
    return choice(() => this.show(line), line.name, fact(facts));
  }

  drawWaiting() {
    const waits = this.rows.filter((entry) => entry.subject?.document === this.name && queue.UNSENT.includes(entry.state));
    return listOf(t("Not sent yet"), waits.map((entry) =>
      entryRow(entry, bad(entry.sentence), acts(softButton(t("Undo"), () => this.undo(entry))))));
  }

  drawReceipts() {
    const own = this.rows.filter((entry) => entry.subject?.document === this.name && entry.state !== "held");
    const undone = new Set(own.map((entry) => entry.subject.receipt));
    const receipts = (this.document.receipts || []).filter((one) => !one.undone_at && !undone.has(one.id));
    return listOf(t("Received before"), receipts.reverse().slice(0, SHOWN).map((one) => this.drawReceipt(one)));
  }

  drawReceipt(receipt) {
    const title = t("%(n)s × %(name)s", { n: receipt.quantity, name: receipt.product });
    return entryRow({ state: "sent", title }, fact(moment(receipt.received_at)),
      acts(softButton(t("Take back"), () => this.undoReceipt(receipt))));
  }

  drawHere(line) {
    const { pieces, damaged } = this.begun[line.id];
    const all = this.left(line);
    const beyond = pieces - all;
    return entryRow({ state: "draft", title: line.name },
      fact(`${line.product} · ${t("%(n)s of %(all)s", { n: pieces, all })}`),
      beyond > 0 ? bad(nt("One more than was expected.", "%(n)s more than were expected.", beyond)) : null,
      damaged ? bad(nt("One of them is damaged.", "%(n)s of them are damaged.", damaged)) : null,
      acts(softButton(t("Correct"), () => this.show(line))));
  }

  drawEnd(left) {
    const { labels } = this;
    return card({ tone: "good" }, h("h2", {}, left ? t("Noted as received.") : t("All of it is here.")),
      labels ? h("a", { class: "big soft", href: labels, target: "_blank", rel: "noopener" }, t("Print labels")) : null,
      linkTo(this.kind.name, t("To the other deliveries")));
  }

  drawPanel() {
    const { line, pad } = this.open;
    const facts = [line.product, nt("one piece is to come", "%(n)s pieces are to come", this.left(line))];
    this.more = h("div", { class: "more" });
    fill(this.panel, card({ tone: "open" }, h("h2", {}, line.name), soft(...facts), pad.element, this.more));
    this.drawMore();
    this.panel.scrollIntoView({ block: "nearest" });
  }

  /** Below the keypad: what of the pieces is damaged. */
  drawMore() {
    if (!this.open || !this.open.line || !this.more) return;
    const { line } = this.open;
    const one = this.begun[line.id];
    if (!one || !this.kind.takesDamage) return fill(this.more);
    const step = async (by) => {
      await this.set(line, { damaged: Math.max(0, Math.min(one.pieces, one.damaged + by)) });
      this.drawMore();
    };
    if (!one.damaged) return fill(this.more, softButton(t("Some are damaged"), () => step(1)));
    return fill(this.more, h("h2", {}, t("Damaged")),
      h("div", { class: "stepper" },
        stepperKey(t("One damaged less"), () => step(-1), "−"),
        h("output", { class: "quantity", id: "damaged" }, String(one.damaged)),
        stepperKey(t("One damaged more"), () => step(1), "+")),
      photoField({ value: one.photo, onChange: (photo) => this.set(line, { photo }) }),
      noteField(t("What is wrong with it"), one.note, (note) => this.set(line, { note })));
  }
}
