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

  /** Pieces of a line beyond what is still to come. */
  surplus(line) {
    return Math.max((this.begun[line.id]?.pieces || 0) - this.left(line), 0);
  }

  pieces() {
    return Object.values(this.begun).reduce((sum, one) => sum + one.pieces, 0);
  }

  async set(line, changes) {
    const one = { pieces: 0, damaged: 0, note: "", photo: null, ...this.begun[line.id], ...changes };
    this.begun[line.id] = one;
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
    const left = this.leaveLine(); // not awaited yet: the next scan may come at any moment
    const before = this.begun[line.id];
    const changed = (pieces) => this.changed(line, pieces);
    const pad = quantityPad({ value, pack: line.pack_size || 1, onChange: changed, onDone: () => this.finish() });
    this.open = { line, pad, before };
    if (value !== null) await this.set(line, { pieces: value });
    await left;
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

  /** Another line, or none: what is open is as it was typed, and nothing typed is nothing here. */
  async leaveLine() {
    const line = this.open?.line;
    this.close();
    const one = line && this.begun[line.id];
    if (!one) return;
    if (!one.pieces) await this.forget(line);
    else if (one.damaged > one.pieces) await this.set(line, { damaged: one.pieces });
  }

  async forget(line) {
    delete this.begun[line.id];
    await keep(this.name, Object.keys(this.begun).length ? this.begun : null);
  }

  async finish() {
    const { line } = this.open;
    const { pieces: n, damaged } = this.begun[line.id] || { pieces: 0, damaged: 0 };
    if (damaged > n) {
      feel(false);
      return said(t("%(damaged)s damaged of %(n)s: one of the two numbers is wrong.", { damaged, n }), "bad");
    }
    await this.leaveLine();
    if (n) said(t("%(n)s × %(name)s: noted. It is in stock once you press “Receive” below.", { n, name: line.name }), "good");
    this.draw();
    return scrollTo(0, 0);
  }

  /** It was the wrong line: as it was before it was opened. */
  async giveUp() {
    const { line, before } = this.open;
    this.close();
    if (before) await this.set(line, before);
    else await this.forget(line);
    said("");
    this.draw();
  }

  // Never ordered

  async wrong(code) {
    feel(false);
    await this.leaveLine();
    said(t("“%(code)s” is not on %(number)s. Nothing was counted.", { code, number: this.number }), "bad");
    this.draw();
    if (this.kind.takesFindings) this.drawWrong(code);
  }

  drawWrong(code) {
    let photo = null;
    const note = h("input", { type: "text", maxlength: 200 });
    const title = (n) => t("%(n)s × %(code)s came by mistake with %(number)s", { n, code, number: this.number });
    const told = (pieces) => this.report(code, pieces, { title: title(pieces), note: note.value, photo });
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

  async report(code, quantity, { title, note, photo = null }) {
    this.close();
    if (quantity) {
      const body = { order: this.number, code, quantity, note, photo };
      await queue.act({ path: "/api/v1/delivery-findings/", body, title, subject: { document: this.name, pieces: {} } });
      said(t("%(what)s: kept for the office.", { what: title }), "good");
    }
    this.draw();
  }

  // At the end

  async receive() {
    const chosen = Object.entries(this.begun).filter(([, one]) => one.pieces).map(([line, one]) => bodyOf(Number(line), one));
    const pieces = this.pieces();
    // Photos are large, and a surplus may be refused: each goes with its own line, so that none holds the others up.
    const isAlone = (one) => one.photo || this.surplus(this.document.lines.find(({ id }) => id === one.line)) > 0;
    const alone = chosen.filter(isAlone);
    await this.send(chosen.filter((one) => !alone.includes(one)));
    for (const one of alone) await this.send([one]);
    this.labels = this.labelsOf(chosen);
    this.begun = {};
    await keep(this.name, null);
    said(nt("One piece is received.", "%(n)s pieces are received.", pieces), "good");
    this.isDone = true;
    this.draw();
    scrollTo(0, 0);
  }

  /** What is too much of a line leaves the delivery, and the office decides about it. */
  async leaveSurplus(line) {
    const quantity = this.surplus(line);
    const pieces = this.left(line);
    if (pieces) await this.set(line, { pieces, damaged: Math.min(this.begun[line.id].damaged, pieces) });
    else await this.forget(line);
    const { number } = this;
    const title = t("%(n)s × %(code)s more than was ordered with %(number)s", { n: quantity, code: line.product, number });
    await this.report(line.product, quantity, { title, note: t("more than was ordered") });
  }

  async send(lines) {
    if (!lines.length) return;
    const pieces = lines.reduce((sum, one) => sum + one.quantity, 0);
    const title = nt("%(number)s: one piece received", "%(number)s: %(n)s pieces received", pieces, { number: this.number });
    const subject = { document: this.name, pieces: Object.fromEntries(lines.map((one) => [one.line, one.quantity])) };
    await queue.act({ path: this.pathOf("receive/"), body: { lines }, title, subject, isTimed: true });
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
    const here = lines.filter((line) => this.begun[line.id]?.pieces);
    const left = lines.filter((line) => !here.includes(line) && this.left(line));
    const receive = () => bigButton(
      nt("Receive one piece", "Receive %(n)s pieces", pieces), () => this.receive(), { tone: "good", id: "receive" });
    return fill(this.lists,
      this.isDone || (!left.length && !here.length) ? this.drawEnd(left.length) : null,
      this.drawWaiting(),
      listOf(t("Here"), here.map((line) => this.drawHere(line))),
      here.length ? receive() : null,
      listOf(t("Still to come"), left.map((line) => this.drawLeft(line))),
      this.drawReceipts());
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
    const beyond = this.surplus(line);
    return entryRow({ state: "draft", title: line.name },
      fact(`${line.product} · ${t("%(n)s of %(all)s", { n: pieces, all })}`),
      beyond ? bad(nt("One more than was expected.", "%(n)s more than were expected.", beyond)) : null,
      damaged ? bad(nt("One of them is damaged.", "%(n)s of them are damaged.", damaged)) : null,
      acts(
        softButton(t("Correct"), () => this.show(line)),
        beyond && this.kind.takesFindings ? softButton(t("Leave the surplus to the office"), () => this.leaveSurplus(line)) : null));
  }

  drawEnd(left) {
    const { labels } = this;
    if (this.rows.some((entry) => entry.subject?.document === this.name && entry.state === "held"))
      return card({ tone: "bad" }, h("p", {}, t("Not all of it is received: see “Not sent yet” below.")));
    return card({ tone: "good" }, h("h2", {}, left ? t("Noted as received.") : t("All of it is here.")),
      labels ? h("a", { class: "big soft", href: labels, target: "_blank", rel: "noopener" }, t("Print labels")) : null,
      linkTo(this.kind.name, t("To the other deliveries")));
  }

  drawPanel() {
    const { line, pad } = this.open;
    const facts = [line.product, nt("one piece is to come", "%(n)s pieces are to come", this.left(line))];
    this.more = h("div", { class: "more" });
    fill(this.panel, card({ tone: "open" }, h("h2", {}, line.name), soft(...facts), pad.element, this.more,
      softButton(t("Not this one"), () => this.giveUp())));
    this.drawMore();
    this.panel.scrollIntoView({ block: "nearest" });
  }

  /** Below the keypad, which goes on saying how many came: what of the pieces is damaged. */
  drawMore() {
    if (!this.open || !this.open.line || !this.more) return;
    const { line } = this.open;
    const one = this.begun[line.id];
    if (!one || !this.kind.takesDamage) return fill(this.more);
    const step = async (by) => {
      await this.set(line, { damaged: Math.max(0, Math.min(Math.max(one.pieces, one.damaged), one.damaged + by)) });
      this.drawMore();
      if (!one.damaged) this.more.scrollIntoView({ block: "end" });
    };
    if (!one.damaged) return fill(this.more, one.pieces ? softButton(t("Some are damaged"), () => step(1)) : null);
    return fill(this.more, h("h2", {}, t("Damaged of these %(n)s", { n: one.pieces })),
      h("div", { class: "stepper" },
        stepperKey(t("One damaged less"), () => step(-1), "−"),
        h("output", { class: "quantity", id: "damaged" }, String(one.damaged)),
        stepperKey(t("One damaged more"), () => step(1), "+")),
      photoField({ value: one.photo, onChange: (photo) => this.set(line, { photo }) }),
      noteField(t("What is wrong with it"), one.note, (note) => this.set(line, { note })),
      bigButton(t("Done"), () => this.finish(), { tone: "good" }));
  }
}
