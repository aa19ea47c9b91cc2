// Damaged pieces, or such as are thrown away: off sale at once, with a photo for whoever decides later.

import { chooser } from "../chooser.js";
import { fill, h } from "../dom.js";
import { begun, keep, oneAtATime } from "../kept.js";
import { quantityPad } from "../pad.js";
import { bigButton, card, said } from "../parts.js";
import { photoField } from "../photos.js";
import * as queue from "../queue.js";
import { byServer } from "../server.js";
import { t } from "../texts.js";

const NAME = "damage";
const REASONS = [["damaged", () => t("damaged")], ["expired", () => t("expired")], ["held", () => t("to be looked at")]];

export const screen = {
  path: /^damage(?:\/(.+))?$/,
  title: () => t("Damaged"),
  async open(main, [, code], hall) {
    const desk = new Desk(main, hall);
    await desk.begin(code);
    return () => desk.end();
  },
};

class Desk {
  constructor(main, hall) {
    Object.assign(this, { main, hall, pad: null });
    this.send = oneAtATime(this.send.bind(this));
  }

  async begin(code) {
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
    const body = { product: item.product, warehouse: this.hall.session.warehouse, quantity, reason, note, photo, is_scrapped: isScrapped, at: byServer(new Date().toISOString()) };
    const title = isScrapped ? t("%(n)s × %(name)s thrown away", { n: quantity, name: item.name }) : t("%(n)s × %(name)s off sale", { n: quantity, name: item.name });
    const entry = await queue.act({ path: "/api/v1/set-asides/", body, title, subject: { document: NAME } });
    await this.giveUp();
    return said(t("%(what)s: kept.", { what: title }), "good", h("button", { type: "button", class: "link", onclick: () => this.undo(entry, item, body) }, t("Undo")));
  }

  async undo(entry, item, body) {
    if (!(await queue.drop(entry.seq))) {
      if (body.is_scrapped) return said(t("The server has it already. Ask the office to take it back."), "bad");
      const { product, warehouse, quantity } = body;
      await queue.act({ path: "/api/v1/set-asides/put-back/", body: { product, warehouse, quantity, note: t("Reported by mistake") }, title: t("Undo: %(what)s", { what: entry.title }), subject: { document: NAME } });
    }
    return said(t("%(what)s: taken back.", { what: entry.title }), "good");
  }

  draw() {
    this.closePad();
    this.chooser.element.hidden = Boolean(this.report);
    if (!this.report) return fill(this.panel, h("p", { class: "soft" }, t("What is reported here is no longer sold, and the office sees it with its photo.")));
    const { item, quantity, reason, note, photo, isScrapped } = this.report;
    const choice = ([code, label]) => h("button", { type: "button", class: `part ${code === reason ? "on" : ""}`, "aria-pressed": String(code === reason), onclick: () => this.set({ reason: code }).then(() => this.draw()) }, label());
    this.pad = quantityPad({ value: quantity, onChange: (now) => this.set({ quantity: now || 0 }), onDone: () => this.send() });
    return fill(this.panel, card({ tone: "open" }, h("h2", {}, item.name), h("p", { class: "soft" }, item.product),
      h("div", { class: "choices" }, REASONS.map(choice)),
      photoField({ value: photo, onChange: (now) => this.set({ photo: now }) }),
      h("label", { class: "field" }, t("What is wrong with it"), h("input", { type: "text", maxlength: 200, value: note, onchange: (event) => this.set({ note: event.target.value }) })),
      h("label", { class: "tick" }, h("input", { type: "checkbox", checked: isScrapped, onchange: (event) => this.set({ isScrapped: event.target.checked }) }), h("span", {}, t("It is thrown away now"))),
      h("h2", {}, t("How many?")), this.pad.element,
      bigButton(t("Give it up"), () => this.giveUp(), { tone: "soft" })));
  }
}
