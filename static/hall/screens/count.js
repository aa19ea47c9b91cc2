// Counting: scan or choose an item, say how many, go on. Everything is kept the moment it is entered.

import { fill, h } from "../dom.js";
import { quantityPad } from "../pad.js";
import { ageOf, bigButton, card, feel, progress, said, scanBox } from "../parts.js";
import * as queue from "../queue.js";
import { ask, person, send } from "../server.js";
import { Sheet } from "../sheet.js";
import * as store from "../store.js";
import { moment, nt, t } from "../texts.js";

const SHOWN = 6;

const sheetOf = (number) => `/api/v1/stock-counts/${encodeURIComponent(number)}/sheet/`;

export const screen = {
  path: /^counts\/(.+)$/,
  title: () => t("Count"),
  async open(main, [, number]) {
    const desk = new Desk(main, number);
    await desk.begin();
    return () => desk.end();
  },
};

class Desk {
  constructor(main, number) {
    this.main = main;
    this.number = number;
    this.bin = "";
    this.item = null; // what is being counted: {item, bin, draft: seq or null, pad}
    this.writes = Promise.resolve();
    this.acts = Promise.resolve();
    this.isAllShown = false;
    this.found = null;
  }

  async begin() {
    const { data, at, isFresh } = await ask(sheetOf(this.number));
    data.at = at;
    this.sheet = new Sheet(data, await queue.entries(), person().user.id);
    this.kept = ageOf({ at, isFresh });
    this.box = scanBox({ label: this.sheet.bins.length ? t("Scan an item or a bin") : t("Scan an item"), onCode: (code) => this.next(() => this.scanned(code)) });
    this.top = h("div", {});
    this.panel = h("div", { id: "panel" });
    this.lists = h("div", {});
    fill(this.main, this.top, this.makeBins(), this.box.element, this.panel, this.lists);
    this.stop = queue.onChange((rows) => { this.sheet.take(rows); this.draw(); });
    this.draw();
  }

  async end() {
    this.stop();
    this.box.close();
    await this.next(() => this.finish());
  }

  /** Fingers and scanners are faster than the disk of a cheap phone: one act after the other. */
  next(act) {
    this.acts = this.acts.then(act).catch((error) => said(error.message, "bad"));
    return this.acts;
  }

  // What a code does

  async scanned(code) {
    this.found = null;
    const bin = this.sheet.bin(code);
    if (bin) return this.enter(bin.code);
    const item = this.sheet.item(code);
    if (item) return this.countOneMore(item);
    const found = code.length >= 2 ? this.sheet.search(code) : [];
    if (found.length) {
      await this.finish();
      this.found = found;
      return this.draw();
    }
    feel(false);
    said(t("“%(code)s” is not on this list. Say how many there are: it is kept, and the office finds out what it is.", { code }), "bad");
    return this.countOneMore({ sku: code, name: t("Not on this list"), barcode: "", pack: 1, bins: [], state: "open", isUnknown: true });
  }

  async enter(code) {
    await this.finish();
    this.bin = code;
    feel(true);
    said(code ? t("You are at bin %(bin)s.", { bin: code }) : "", "good");
    this.draw();
  }

  binOf(item) {
    if (this.bin) return this.bin;
    return item.bins.length === 1 ? item.bins[0] : item.bins.length ? null : "";
  }

  /** A scan: the item that is open gets one more, another one is opened with one. */
  countOneMore(item) {
    feel(true);
    if (this.item && this.item.item.sku === item.sku) return this.item.pad ? this.item.pad.add(1) : undefined;
    const bin = this.binOf(item);
    if (bin === null) return this.askBin(item, true);
    return this.openItem(item, bin, (before) => (before || 0) + 1);
  }

  /** A finger: nothing is counted yet; what was counted before is shown, to be corrected. */
  choose(item, bin = this.binOf(item)) {
    if (bin === null) return this.askBin(item, false);
    return this.openItem(item, bin, (before) => before);
  }

  async askBin(item, isScan) {
    await this.finish();
    said(t("%(name)s lies in several bins. Which one are you at?", { name: item.name }));
    fill(this.panel, card({}, h("h2", {}, item.name), item.bins.map((bin) => bigButton(bin, () => this.next(async () => { await this.enter(bin); await (isScan ? this.countOneMore(item) : this.choose(item, bin)); }), { tone: "soft" }))));
  }

  async openItem(item, bin, first) {
    await this.finish();
    const before = this.sheet.counted(item, bin);
    const isUsable = before && !this.sheet.isLongAgo(before);
    const value = first(isUsable ? before.counted : null);
    this.item = { item, bin, draft: null, before };
    this.item.pad = quantityPad({ value, pack: item.pack, onChange: (now) => this.keep(now), onDone: () => this.next(() => this.finish(true)) });
    this.found = null;
    if (value !== null && value !== (isUsable ? before.counted : null)) this.keep(value);
    this.draw();
    this.drawPanel();
  }

  // What is kept

  /** Every change is on the disk at once, as a draft; an emptied quantity is none. */
  keep(value) {
    const { item } = this;
    if (!item) return;
    this.writes = this.writes.then(async () => {
      if (value === null) {
        if (item.draft) await queue.drop(item.draft);
        item.draft = null;
      } else if (!item.draft || !(await queue.redraft(item.draft, value, this.titleOf(item, value)))) item.draft = (await queue.count({ number: this.number, code: item.item.sku, counted: value, bin: item.bin, title: this.titleOf(item, value), isDraft: true })).seq;
    }).catch((error) => said(t("This could not be kept on the device (%(why)s). Write it down, and send what waits.", { why: error.name || error }), "bad"));
  }

  titleOf({ item, bin }, value) {
    const name = item.isUnknown ? item.sku : item.name;
    return bin ? t("%(n)s × %(name)s in %(bin)s", { n: value, name, bin }) : t("%(n)s × %(name)s", { n: value, name });
  }

  /** The open item is counted; `isSaid`: tell it, since a finger did it. */
  async finish(isSaid = false) {
    const { item } = this;
    if (!item) return;
    const total = item.pad.total();
    this.item = null;
    item.pad.close();
    if (!item.draft && isSaid && total !== null) this.keepUnchanged(item, total);
    await this.writes;
    if (item.draft) await queue.done(item.draft);
    if (isSaid) {
      said(t("%(what)s: kept.", { what: this.titleOf(item, total) }), "good");
      scrollTo(0, 0);
    }
    fill(this.panel);
    this.draw();
  }

  /** "Done" on a number that was there before counts it again, now. */
  keepUnchanged(item, total) {
    this.item = item;
    this.keep(total);
    this.item = null;
  }

  async undo(entry) {
    if (!(await queue.drop(entry.seq))) {
      await queue.act({ path: `/api/v1/stock-counts/${encodeURIComponent(this.number)}/withdraw/`, body: { uuid: entry.uuid }, title: t("Undo: %(what)s", { what: entry.title }) });
      await queue.withdraw(entry.seq);
    }
    this.sheet.take(await queue.entries());
    said(t("%(what)s: taken back.", { what: entry.title }), "good");
    this.draw();
  }

  async post() {
    try {
      await send(`/api/v1/stock-counts/${encodeURIComponent(this.number)}/post/`, {}, store.uuid());
      fill(this.main, card({ tone: "good" }, h("h2", {}, t("Posted")), h("p", {}, t("The differences are in the stock. Thank you.")), h("a", { class: "big soft", href: "#/counts" }, t("To the other counts"))));
    } catch (error) {
      said(error.message, "bad");
    }
  }

  // What is seen

  draw() {
    const { sheet } = this;
    const all = sheet.items.length;
    const done = sheet.done();
    this.top.hidden = Boolean(this.item); // the keypad should be seen whole
    fill(this.top,
      h("p", { class: "soft" }, [sheet.count.note || sheet.count.number, this.kept].filter(Boolean).join(" · ")),
      progress(done, all, t("%(n)s of %(all)s counted", { n: done, all })));
    this.chooser.value = this.bin;
    this.chooser.parentElement.hidden = Boolean(this.item) || !sheet.bins.length;
    if (this.item) return fill(this.lists);
    const left = this.found ? this.found.map((item) => ({ item, bin: this.binOf(item) })) : sheet.left(this.bin);
    const shown = this.isAllShown ? left.slice(0, 200) : left.slice(0, SHOWN);
    fill(this.lists,
      this.found ? h("h2", {}, t("Found")) : left.length ? h("h2", {}, t("Next")) : this.drawEnd(),
      h("ul", { class: "entries" }, shown.map(({ item, bin }) => this.drawLeft(item, bin))),
      left.length > shown.length ? bigButton(nt("Show one more", "Show %(n)s more", left.length - shown.length), () => { this.isAllShown = true; this.draw(); }, { tone: "soft" }) : null,
      sheet.entries.length ? h("h2", {}, t("Counted by you")) : null,
      h("ul", { class: "entries" }, sheet.entries.slice(0, 30).map((entry) => this.drawEntry(entry))));
  }

  /** Made once: a field that is drawn anew loses the focus, and with it the rest of a scan. */
  makeBins() {
    const { bins } = this.sheet;
    const options = [h("option", { value: "" }, t("no bin chosen")), ...bins.map((bin) => h("option", { value: bin.code }, bin.area ? `${bin.code} · ${bin.area}` : bin.code))];
    const chosen = ({ target }) => {
      target.blur(); // or the next letters would choose another one
      this.next(() => this.enter(target.value));
    };
    this.chooser = h("select", { id: "bin", onchange: chosen }, options);
    return h("label", { class: "field", hidden: !bins.length }, t("Bin"), this.chooser);
  }

  drawLeft(item, bin) {
    const place = bin ? `${bin} · ` : "";
    const recount = item.state === "recount" ? h("span", { class: "bad" }, t("Somebody counted something else than expected: please count it again.")) : null;
    const moved = item.state === "moved" ? h("span", { class: "bad" }, t("Stock moved while its bins were counted: count all of them again.")) : null;
    return h("li", {}, h("button", { type: "button", class: "pick", onclick: () => this.next(() => this.choose(item, bin === null ? undefined : bin)) },
      h("b", {}, item.name), h("span", { class: "soft" }, `${place}${item.sku}${this.expected(item)}`), recount, moved));
  }

  expected(item) {
    return item.shelf === null || item.shelf === undefined ? "" : ` · ${t("expected %(n)s", { n: item.shelf })}`;
  }

  drawEntry(entry) {
    const item = this.sheet.item(entry.code) || { sku: entry.code, name: entry.code, pack: 1, bins: [], isUnknown: true };
    const isOpen = !entry.problem;
    return h("li", { class: `entry ${entry.state}`, "data-uuid": entry.uuid },
      h("b", {}, entry.title),
      h("span", { class: "soft" }, `${moment(entry.at)} · ${queue.UNSENT.includes(entry.state) ? t("not sent yet") : t("sent")}`),
      entry.sentence ? h("span", { class: "bad" }, entry.sentence) : null,
      h("div", { class: "acts" },
        isOpen ? bigButton(t("Correct"), () => this.next(() => this.choose(item, entry.bin)), { tone: "soft" }) : null,
        isOpen ? bigButton(t("Undo"), () => this.next(() => this.undo(entry)), { tone: "soft" }) : null));
  }

  drawEnd() {
    const waits = this.sheet.unsent();
    return card({ tone: "good" }, h("h2", {}, t("Everything on this list is counted.")),
      waits ? h("p", {}, nt("One entry is not sent yet.", "%(n)s entries are not sent yet.", waits)) : bigButton(t("Post the count"), () => confirm(t("Post this count? Its differences go into the stock.")) && this.post(), { tone: "good" }));
  }

  drawPanel() {
    const { item, bin, before } = this.item;
    const old = before ? h("p", { class: "soft" }, t("You counted %(n)s here, %(when)s.", { n: before.counted, when: moment(before.at) })) : null;
    const others = item.state === "counted" && !item.mine ? h("p", { class: "soft" }, t("Somebody else counted this already.")) : null;
    fill(this.panel, card({ tone: "open" }, h("h2", {}, item.name), h("p", { class: "soft" }, `${bin ? `${bin} · ` : ""}${item.sku}${this.expected(item)}`), old, others,
      this.item.pad.element,
      h("div", { class: "acts" },
        bigButton(t("None here"), () => this.next(() => this.none()), { tone: "soft" }),
        bigButton(t("Don't count it now"), () => this.next(() => this.leaveOut()), { tone: "soft" }))));
    this.panel.scrollIntoView({ block: "nearest" });
  }

  none() {
    this.keep(0);
    const { item } = this;
    item.pad.total = () => 0;
    return this.finish(true);
  }

  leaveOut() {
    this.keep(null);
    const { item } = this;
    item.pad.total = () => null;
    return this.finish();
  }
}
