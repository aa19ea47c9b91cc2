// Moving an item to another bin: scan the item, scan the bin.

import { chooser } from "../chooser.js";
import { isGtin } from "../codes.js";
import { fill, h } from "../dom.js";
import { begun, keep, oneAtATime } from "../kept.js";
import { bigButton, card, feel, said } from "../parts.js";
import * as queue from "../queue.js";
import { t } from "../texts.js";

const NAME = "move";
const PATH = "/api/v1/bins/";

export const screen = {
  path: /^move(?:\/(.+))?$/,
  title: () => t("Move"),
  async open(main, [, code], hall) {
    const desk = new Desk(main, hall);
    await desk.begin(code);
    return () => desk.end();
  },
};

class Desk {
  constructor(main, hall) {
    Object.assign(this, { main, hall });
    for (const name of ["to", "undo"]) this[name] = oneAtATime(this[name].bind(this));
  }

  async begin(code) {
    this.chooser = chooser({ hall: this.hall, label: t("Scan an item"), onItem: (item) => this.start(item), onOther: (text) => this.bin(text) });
    this.panel = h("div", { id: "panel" });
    this.lists = h("div", {});
    this.move = await begun(NAME); // {product, name, bins, from}: from "" is "it lies there too"
    this.rows = await queue.entries();
    fill(this.main, this.chooser.element, this.panel, this.lists);
    this.stop = queue.onChange((rows) => { this.rows = rows; this.drawDone(); });
    if (code && this.move?.product !== code) await this.chooser.look(code);
    this.draw();
  }

  end() {
    this.stop();
    this.chooser.close();
  }

  async set(move) {
    this.move = move;
    await keep(NAME, move);
    this.draw();
  }

  start(item) {
    const bins = (item.here[0]?.bins || []).map((one) => one.bin);
    return this.set({ product: item.product, name: item.name, bins, from: bins.length === 1 ? bins[0] : "" });
  }

  /** With an item chosen the next scan is the bin that it goes to, unless it is plainly the number of another item. */
  bin(code) {
    if (!this.move || isGtin(code)) return false;
    this.to(code);
    return true;
  }

  async to(bin) {
    const { product, name, from } = this.move;
    const title = from ? t("%(name)s: from %(from)s to %(to)s", { name, from, to: bin }) : t("%(name)s: in %(to)s too", { name, to: bin });
    feel(true);
    await queue.act({ path: `${PATH}put/`, body: { warehouse: this.hall.session.warehouse, product, bin, instead_of: from }, title, subject: { document: NAME, product, name, from, to: bin } });
    said(t("%(what)s: kept.", { what: title }), "good");
    await this.set(null);
  }

  async undo(entry) {
    if (!(await queue.drop(entry.seq))) {
      const { product, name, from, to } = entry.subject;
      const place = { warehouse: this.hall.session.warehouse, product };
      const title = t("Undo: %(what)s", { what: entry.title });
      if (from) await queue.act({ path: `${PATH}put/`, body: { ...place, bin: from, instead_of: to }, title, subject: { document: NAME, product, name, undoes: entry.uuid } });
      else await queue.act({ path: `${PATH}take/`, body: { ...place, bin: to }, title, subject: { document: NAME, product, name, undoes: entry.uuid } });
    }
    said(t("%(what)s: taken back.", { what: entry.title }), "good");
  }

  draw() {
    this.chooser.element.querySelector(".code").placeholder = this.move ? t("Scan the bin it goes to") : t("Scan an item");
    this.drawDone();
    if (!this.move) return fill(this.panel);
    const { product, name, bins, from } = this.move;
    const choice = (bin, label) => h("button", { type: "button", class: `part ${bin === from ? "on" : ""}`, "aria-pressed": String(bin === from), onclick: () => this.set({ ...this.move, from: bin }) }, label);
    return fill(this.panel, card({ tone: "open" }, h("h2", {}, name), h("p", { class: "soft" }, product),
      bins.length ? h("p", {}, t("It lies in %(bins)s. Where do you take it from?", { bins: bins.join(", ") })) : h("p", {}, t("No bin is known for it yet.")),
      bins.length ? h("div", { class: "choices" }, bins.map((bin) => choice(bin, bin)), choice("", t("It stays there too"))) : null,
      h("p", { class: "place" }, t("Now scan the bin it goes to.")),
      bigButton(t("Give it up"), () => this.set(null), { tone: "soft" })));
  }

  drawDone() {
    const undone = new Set(this.rows.map((entry) => entry.subject?.undoes).filter(Boolean));
    const moves = this.rows.filter((entry) => entry.subject?.document === NAME && entry.subject.to && !undone.has(entry.uuid)).reverse().slice(0, 10);
    fill(this.lists, moves.length ? h("h2", {}, t("Moved by you")) : null,
      h("ul", { class: "entries" }, moves.map((entry) => h("li", { class: `entry ${entry.state}` }, h("b", {}, entry.title), entry.sentence ? h("span", { class: "bad" }, entry.sentence) : null,
        h("div", { class: "acts" }, bigButton(t("Undo"), () => this.undo(entry), { tone: "soft" }))))));
  }
}
