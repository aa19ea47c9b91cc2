// Moving an item to another bin: scan the item, scan the bin.

import { chooser } from "../chooser.js";
import { isGtin, isSame } from "../codes.js";
import { atDesk } from "../desk.js";
import { fill, h } from "../dom.js";
import { begun, keep, oneAtATime } from "../kept.js";
import { acts, bad, card, entryRow, feel, listOf, option, said, soft, softButton } from "../parts.js";
import * as queue from "../queue.js";
import { t } from "../texts.js";

const NAME = "move";
const PATH = "/api/v1/bins/";
const SHOWN = 10;

export const screen = {
  path: /^move(?:\/(.+))?$/,
  title: () => t("Move"),
  open: atDesk((main, hall, code) => new Move(main, hall, code)),
};

class Move {
  constructor(main, hall, code) {
    Object.assign(this, { main, hall, code });
    for (const name of ["to", "undo"]) this[name] = oneAtATime(this[name].bind(this));
  }

  async begin() {
    const { code, hall } = this;
    const heard = { onItem: (item) => this.start(item), onOther: (text) => this.bin(text) };
    this.chooser = chooser({ hall, label: t("Scan an item"), ...heard });
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
    const codes = [item.product, item.barcode].filter(Boolean);
    return this.set({ product: item.product, name: item.name, codes, bins, from: bins.length === 1 ? bins[0] : "" });
  }

  /** With an item chosen the next scan is the bin that it goes to, unless it is plainly the number of an item. */
  bin(code) {
    if (!this.move) return false;
    if (this.move.codes?.some((one) => isSame(code, one))) {
      feel(false);
      said(t("That is the item itself. Now scan the bin it goes to."), "bad");
      return true;
    }
    if (isGtin(code)) return false;
    this.to(code);
    return true;
  }

  async to(bin) {
    const { product, name, from } = this.move;
    const title = from
      ? t("%(name)s: from %(from)s to %(to)s", { name, from, to: bin })
      : t("%(name)s: in %(to)s too", { name, to: bin });
    feel(true);
    const body = { warehouse: this.hall.session.warehouse, product, bin, instead_of: from };
    const subject = { document: NAME, product, name, from, to: bin };
    await queue.act({ path: `${PATH}put/`, body, title, subject, isTimed: true });
    said(t("%(what)s: kept.", { what: title }), "good");
    await this.set(null);
  }

  async undo(entry) {
    if (!(await queue.drop(entry.seq))) {
      const { product, name, from, to } = entry.subject;
      const place = { warehouse: this.hall.session.warehouse, product };
      const title = t("Undo: %(what)s", { what: entry.title });
      const subject = { document: NAME, product, name, undoes: entry.uuid };
      const [path, body] = from
        ? [`${PATH}put/`, { ...place, bin: from, instead_of: to }]
        : [`${PATH}take/`, { ...place, bin: to }];
      await queue.act({ path, body, title, subject, isTimed: true });
    }
    said(t("%(what)s: taken back.", { what: entry.title }), "good");
  }

  draw() {
    const field = this.chooser.element.querySelector(".code");
    field.placeholder = this.move ? t("Scan the bin it goes to") : t("Scan an item");
    this.drawDone();
    if (!this.move) return fill(this.panel);
    const { product, name, bins } = this.move;
    const lies = bins.length
      ? t("It lies in %(bins)s. Where do you take it from?", { bins: bins.join(", ") })
      : t("No bin is known for it yet.");
    return fill(this.panel, card({ tone: "open" }, h("h2", {}, name), soft(product), h("p", {}, lies),
      bins.length ? this.drawFrom() : null,
      h("p", { class: "place" }, t("Now scan the bin it goes to.")),
      softButton(t("Give it up"), () => this.set(null))));
  }

  drawFrom() {
    const { bins, from } = this.move;
    const button = (bin, label) => option(label, bin === from, () => this.set({ ...this.move, from: bin }));
    return h("div", { class: "choices" }, bins.map((bin) => button(bin, bin)), button("", t("It stays there too")));
  }

  drawDone() {
    const undone = new Set(this.rows.map((entry) => entry.subject?.undoes).filter(Boolean));
    const isMove = ({ subject, uuid }) => subject?.document === NAME && subject.to && !undone.has(uuid);
    const moves = this.rows.filter(isMove).reverse().slice(0, SHOWN);
    fill(this.lists, listOf(t("Moved by you"), moves.map((entry) =>
      entryRow(entry, bad(entry.sentence), acts(softButton(t("Undo"), () => this.undo(entry)))))));
  }
}
