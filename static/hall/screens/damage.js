// Damaged pieces, or such as are thrown away: off sale at once, with a photo for whoever decides later.

import { chooser } from "../chooser.js";
import { atDesk } from "../desk.js";
import { fill, h } from "../dom.js";
import { begun, keep, oneAtATime } from "../kept.js";
import { quantityPad } from "../pad.js";
import { card, noteField, option, said, soft, softButton } from "../parts.js";
import { photoField } from "../photos.js";
import * as queue from "../queue.js";
import { t } from "../texts.js";

const NAME = "damage";
const PATH = "/api/v1/set-asides/";
const REASONS = [["damaged", () => t("damaged")], ["expired", () => t("expired")], ["held", () => t("to be looked at")]];

export const screen = {
  path: /^damage(?:\/(.+))?$/,
  title: () => t("Damaged"),
  open: atDesk((main, hall, code) => new Report(main, hall, code)),
};

class Report {
  constructor(main, hall, code) {
    Object.assign(this, { main, hall, code, pad: null });
    this.send = oneAtATime(this.send.bind(this));
  }

  async begin() {
    const { code } = this;
    this.chooser = chooser({ hall: this.hall, label: t("Scan an item"), onItem: (item) => this.start(item) });
    this.panel = h("div", { id: "panel" });
    this.report = await begun(NAME); // {item: {product, name}, quantity, reason, note, photo, isScrapped}
    fill(this.main, this.chooser.element, this.panel);
    if (code && this.report?.item.product !== code) await this.chooser.look(code);
    else this.draw();
  }

  end() {
    this.chooser.close();
    this.closePad();
  }

  closePad() {
    if (this.pad) this.pad.close();
    this.pad = null;
  }

  async set(changes) {
    this.report = { ...this.report, ...changes };
    await keep(NAME, this.report);
  }

  async start(item) {
    const { product, name } = item;
    await this.set({ item: { product, name }, quantity: 1, reason: "damaged", note: "", photo: null, isScrapped: false });
    this.draw();
  }

  async giveUp() {
    this.report = null;
    await keep(NAME, null);
    said("");
    this.draw();
  }

  async send() {
    const { item, quantity, reason, note, photo, isScrapped } = this.report;
    if (!quantity) return said(t("Say how many pieces it is."), "bad");
    const { product, name } = item;
    const { warehouse } = this.hall.session;
    const body = { product, warehouse, quantity, reason, note, photo, is_scrapped: isScrapped };
    const title = isScrapped
      ? t("%(n)s × %(name)s thrown away", { n: quantity, name })
      : t("%(n)s × %(name)s off sale", { n: quantity, name });
    const entry = await queue.act({ path: PATH, body, title, subject: { document: NAME }, isTimed: true });
    await this.giveUp();
    const undo = h("button", { type: "button", class: "link", onclick: () => this.undo(entry, body) }, t("Undo"));
    return said(t("%(what)s: kept.", { what: title }), "good", undo);
  }

  async undo(entry, { product, warehouse, quantity, is_scrapped: isScrapped }) {
    if (!(await queue.drop(entry.seq))) {
      if (isScrapped) return said(t("The server has it already. Ask the office to take it back."), "bad");
      const body = { product, warehouse, quantity, note: t("Reported by mistake") };
      const title = t("Undo: %(what)s", { what: entry.title });
      await queue.act({ path: `${PATH}put-back/`, body, title, subject: { document: NAME } });
    }
    return said(t("%(what)s: taken back.", { what: entry.title }), "good");
  }

  draw() {
    this.closePad();
    this.chooser.element.hidden = Boolean(this.report);
    if (!this.report)
      return fill(this.panel, soft(t("What is reported here is no longer sold, and the office sees it with its photo.")));
    const { item, quantity, reason, note, photo } = this.report;
    const choose = (code) => this.set({ reason: code }).then(() => this.draw());
    const changed = (pieces) => this.set({ quantity: pieces || 0 });
    this.pad = quantityPad({ value: quantity, onChange: changed, onDone: () => this.send() });
    return fill(this.panel, card({ tone: "open" }, h("h2", {}, item.name), soft(item.product),
      h("div", { class: "choices" }, REASONS.map(([code, label]) => option(label(), code === reason, () => choose(code)))),
      photoField({ value: photo, onChange: (taken) => this.set({ photo: taken }) }),
      noteField(t("What is wrong with it"), note, (text) => this.set({ note: text })),
      this.drawScrapped(),
      h("h2", {}, t("How many?")), this.pad.element,
      softButton(t("Give it up"), () => this.giveUp())));
  }

  drawScrapped() {
    const told = (event) => this.set({ isScrapped: event.target.checked });
    const box = h("input", { type: "checkbox", checked: this.report.isScrapped, onchange: told });
    return h("label", { class: "tick" }, box, h("span", {}, t("It is thrown away now")));
  }
}
