// Goods that arrive, of a purchase order or a transfer: scan each piece, say what is broken or was never ordered, and
// take it all into stock at the end. What is begun is kept with every change.

import { doneSince, linesOf, opened } from "./documents.js";
import { fill, h } from "./dom.js";
import { begun, keep, oneAtATime } from "./kept.js";
import { quantityPad } from "./pad.js";
import { bigButton, card, feel, progress, said, scanBox } from "./parts.js";
import { photoField } from "./photos.js";
import * as queue from "./queue.js";
import { byServer } from "./server.js";
import { moment, nt, t } from "./texts.js";

export class Arrival {
  /** `kind`: {name, path, lists, left(line), from(document), takesDamage, takesFindings} */
  constructor(main, hall, kind, number) {
    Object.assign(this, { main, hall, kind, number });
    this.name = `${kind.name}/${number}`;
    this.receive = oneAtATime(this.receive.bind(this));
    this.open = null; // the line that is being counted: {line, pad}
  }

  async begin() {
    const { data, at, note } = await opened(`${this.kind.path}${encodeURIComponent(this.number)}/`, this.kind.lists(this.hall), this.number);
    Object.assign(this, { document: data, at, note });
    this.here = (await begun(this.name)) || {}; // by line: {pieces, damaged, note, photo}
    this.rows = await queue.entries();
    this.box = scanBox({ label: t("Scan what arrived"), onCode: (code) => this.scanned(code) });
    this.top = h("div", {});
    this.panel = h("div", { id: "panel" });
    this.lists = h("div", {});
    fill(this.main, this.top, this.box.element, this.panel, this.lists);
    this.stop = queue.onChange((rows) => { this.rows = rows; this.draw(); });
    this.draw();
  }

  async end() {
    this.stop();
    this.box.close();
    this.close();
  }

  // How far it is

  /** Pieces of a line that are still to come, without what this device received and the copy does not show yet. */
  left(line) {
    const done = doneSince(this.rows, this.name, this.at).reduce((sum, entry) => sum + (entry.subject.pieces[line.id] || 0), 0);
    return Math.max(this.kind.left(line) - done, 0);
  }

  pieces() {
    return Object.values(this.here).reduce((sum, one) => sum + one.pieces, 0);
  }

  async set(line, changes) {
    const now = { pieces: 0, damaged: 0, note: "", photo: null, ...this.here[line.id], ...changes };
    if (!now.pieces) Object.assign(now, { damaged: 0, note: "", photo: null });
    now.damaged = Math.min(now.damaged, now.pieces);
    this.here[line.id] = now;
    if (!now.pieces) delete this.here[line.id];
    await keep(this.name, Object.keys(this.here).length ? this.here : null);
  }

  // What a code does

  scanned(code) {
    const found = linesOf(this.document.lines, code);
    const line = found.find((one) => this.left(one) > (this.here[one.id]?.pieces || 0)) || found[0];
    if (!line) return this.wrong(code);
    feel(true);
    said("");
    if (this.open && this.open.line === line) return this.open.pad.add(1);
    return this.show(line, (this.here[line.id]?.pieces || 0) + 1);
  }

  async show(line, value = this.here[line.id]?.pieces ?? null) {
    this.close();
    const pad = quantityPad({ value, pack: line.pack_size || 1, onChange: (now) => this.changed(line, now), onDone: () => this.finish() });
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
    const one = this.here[line.id];
    this.close();
    if (one) said(t("%(n)s × %(name)s: noted. Nothing is in stock before you receive it all.", { n: one.pieces, name: line.name }), "good");
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
    const pad = quantityPad({ value: 1, onChange: () => null, onDone: (pieces) => this.report(code, pieces, note.value, photo) });
    this.open = { line: null, pad };
    this.top.hidden = true;
    fill(this.panel, card({ tone: "open" }, h("h2", {}, t("Came by mistake: “%(code)s”", { code })),
      h("p", { class: "soft" }, t("It is kept beside the order for the office, and is not stock. Say how many there are.")),
      photoField({ onChange: (now) => { photo = now; } }), h("label", { class: "field" }, t("Note"), note), pad.element,
      bigButton(t("No, I scan again"), () => { this.close(); said(""); this.draw(); }, { tone: "soft" })));
  }

  async report(code, quantity, note, photo) {
    this.close();
    if (quantity) {
      const title = t("%(n)s × %(code)s came by mistake with %(number)s", { n: quantity, code, number: this.number });
      await queue.act({ path: "/api/v1/delivery-findings/", body: { order: this.number, code, quantity, note, photo }, title, subject: { document: this.name, pieces: {} } });
      said(t("%(what)s: kept for the office.", { what: title }), "good");
    }
    this.draw();
  }

  // At the end

  async receive() {
    const chosen = Object.entries(this.here).map(([line, one]) => ({ line: Number(line), quantity: one.pieces, ...(one.damaged ? { damaged: one.damaged, note: one.note, photo: one.photo } : {}) }));
    const pieces = this.pieces();
    const path = `${this.kind.path}${encodeURIComponent(this.number)}/receive/`;
    const at = byServer(new Date().toISOString()); // counts that are posted before this is sent have seen it
    // Photos are large: each goes with its own line, so that none holds the others up.
    for (const lines of [chosen.filter((one) => !one.photo), ...chosen.filter((one) => one.photo).map((one) => [one])]) {
      if (!lines.length) continue;
      const some = lines.reduce((sum, one) => sum + one.quantity, 0);
      const subject = { document: this.name, pieces: Object.fromEntries(lines.map((one) => [one.line, one.quantity])) };
      await queue.act({ path, body: { lines, at }, title: nt("%(number)s: one piece received", "%(number)s: %(n)s pieces received", some, { number: this.number }), subject });
    }
    this.labels = this.labelsOf(chosen);
    this.here = {};
    await keep(this.name, null);
    said(nt("One piece is received.", "%(n)s pieces are received.", pieces), "good");
    this.isDone = true;
    this.draw();
    scrollTo(0, 0);
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
    await queue.act({ path: `${this.kind.path}${encodeURIComponent(this.number)}/undo-receipt/`, body: { receipt: receipt.id }, title: t("Undo: %(what)s", { what }), subject });
    this.isDone = false;
    said(t("%(what)s: taken back.", { what }), "good");
  }

  /** Take back what has not been sent: it is as it was before. */
  async undo(entry) {
    const lines = entry.body.lines;
    if (!(await queue.drop(entry.seq))) return said(t("The server has it already. Ask the office to take it back."), "bad");
    for (const one of lines || []) await this.set({ id: one.line }, { pieces: (this.here[one.line]?.pieces || 0) + one.quantity, damaged: one.damaged || 0, note: one.note || "", photo: one.photo || null });
    this.isDone = false;
    said(t("%(what)s: taken back.", { what: entry.title }), "good");
    return this.draw();
  }

  // What is seen

  draw() {
    const lines = this.document.lines;
    const all = lines.reduce((sum, line) => sum + this.left(line), 0);
    const now = this.pieces();
    this.top.hidden = Boolean(this.open);
    fill(this.top,
      h("p", { class: "soft" }, [this.kind.from(this.document), this.note].filter(Boolean).join(" · ")),
      all || now ? progress(Math.min(now, all), all, t("%(n)s of %(all)s pieces are here", { n: now, all })) : null);
    if (this.open) return fill(this.lists);
    const here = lines.filter((line) => this.here[line.id]);
    const left = lines.filter((line) => !this.here[line.id] && this.left(line));
    const waits = this.rows.filter((entry) => entry.subject?.document === this.name && queue.UNSENT.includes(entry.state));
    return fill(this.lists,
      this.isDone || (!left.length && !here.length) ? this.drawEnd(left.length) : null,
      here.length ? h("h2", {}, t("Here")) : null,
      h("ul", { class: "entries" }, here.map((line) => this.drawHere(line))),
      here.length ? bigButton(nt("Receive one piece", "Receive %(n)s pieces", now), () => this.receive(), { tone: "good", id: "receive" }) : null,
      left.length ? h("h2", {}, t("Still to come")) : null,
      h("ul", { class: "entries" }, left.map((line) => h("li", {}, h("button", { type: "button", class: "pick", onclick: () => this.show(line) }, h("b", {}, line.name), h("span", { class: "soft" }, `${line.product} · ${nt("one piece", "%(n)s pieces", this.left(line))}`))))),
      this.drawReceipts(),
      waits.length ? h("h2", {}, t("Not sent yet")) : null,
      h("ul", { class: "entries" }, waits.map((entry) => h("li", { class: `entry ${entry.state}` }, h("b", {}, entry.title), entry.sentence ? h("span", { class: "bad" }, entry.sentence) : null,
        h("div", { class: "acts" }, bigButton(t("Undo"), () => this.undo(entry), { tone: "soft" }))))));
  }

  drawReceipts() {
    const undone = new Set(this.rows.filter((entry) => entry.subject?.document === this.name && entry.state !== "held").map((entry) => entry.subject.receipt));
    const receipts = (this.document.receipts || []).filter((one) => !one.undone_at && !undone.has(one.id)).reverse().slice(0, 5);
    if (!receipts.length) return null;
    return [h("h2", {}, t("Received before")), h("ul", { class: "entries" }, receipts.map((one) => h("li", { class: "entry sent" },
      h("b", {}, t("%(n)s × %(name)s", { n: one.quantity, name: one.product })), h("span", { class: "soft" }, moment(one.received_at)),
      h("div", { class: "acts" }, bigButton(t("Take back"), () => this.undoReceipt(one), { tone: "soft" })))))];
  }

  drawHere(line) {
    const one = this.here[line.id];
    const beyond = one.pieces - this.left(line);
    return h("li", { class: "entry draft" }, h("b", {}, line.name),
      h("span", { class: "soft" }, `${line.product} · ${t("%(n)s of %(all)s", { n: one.pieces, all: this.left(line) })}`),
      beyond > 0 ? h("span", { class: "bad" }, nt("One more than was expected.", "%(n)s more than were expected.", beyond)) : null,
      one.damaged ? h("span", { class: "bad" }, nt("One of them is damaged.", "%(n)s of them are damaged.", one.damaged)) : null,
      h("div", { class: "acts" }, bigButton(t("Correct"), () => this.show(line), { tone: "soft" })));
  }

  drawEnd(left) {
    const { labels } = this;
    return card({ tone: "good" }, h("h2", {}, left ? t("Noted as received.") : t("All of it is here.")),
      labels ? h("a", { class: "big soft", href: labels, target: "_blank", rel: "noopener" }, t("Print labels")) : null,
      h("a", { class: "big soft", href: `#/${this.kind.name}` }, t("To the other deliveries")));
  }

  drawPanel() {
    const { line, pad } = this.open;
    this.more = h("div", { class: "more" });
    fill(this.panel, card({ tone: "open" }, h("h2", {}, line.name),
      h("p", { class: "soft" }, `${line.product} · ${nt("one piece is to come", "%(n)s pieces are to come", this.left(line))}`), pad.element, this.more));
    this.drawMore();
    this.panel.scrollIntoView({ block: "nearest" });
  }

  /** Below the keypad: what of the pieces is damaged. */
  drawMore() {
    if (!this.open || !this.open.line || !this.more) return;
    const { line } = this.open;
    const one = this.here[line.id];
    if (!one || !this.kind.takesDamage) return fill(this.more);
    const step = (by) => this.set(line, { damaged: Math.max(0, Math.min(one.pieces, one.damaged + by)) }).then(() => this.drawMore());
    if (!one.damaged) return fill(this.more, bigButton(t("Some are damaged"), () => step(1), { tone: "soft" }));
    const note = h("input", { type: "text", maxlength: 200, value: one.note, onchange: (event) => this.set(line, { note: event.target.value }) });
    return fill(this.more, h("h2", {}, t("Damaged")),
      h("div", { class: "stepper" }, h("button", { type: "button", class: "key", "aria-label": t("One damaged less"), onclick: () => step(-1) }, "−"),
        h("output", { class: "quantity", id: "damaged" }, String(one.damaged)),
        h("button", { type: "button", class: "key", "aria-label": t("One damaged more"), onclick: () => step(1) }, "+")),
      photoField({ value: one.photo, onChange: (photo) => this.set(line, { photo }) }),
      h("label", { class: "field" }, t("What is wrong with it"), note));
  }
}
