// Counting: scan or choose an item, say how many, go on. Everything is kept the moment it is entered.

import { atDesk } from "../desk.js";
import { fill, h } from "../dom.js";
import { cannotKeep } from "../kept.js";
import { quantityPad } from "../pad.js";
import {
  acts, ageOf, bad, bigButton, card, choice, entryRow, fact, feel, linkTo, listOf, progress, said, scanBox, soft,
  softButton,
} from "../parts.js";
import * as queue from "../queue.js";
import { ask, isReached, onReach, person, send } from "../server.js";
import { Sheet } from "../sheet.js";
import * as store from "../store.js";
import { moment, nt, t } from "../texts.js";

const SHOWN = 6;
const MOST_SHOWN = 200;
const MOST_ENTRIES = 30;
const UNKNOWN = { barcode: "", pack: 1, bins: [], isUnknown: true };

export const screen = {
  path: /^counts\/(.+)$/,
  title: () => t("Count"),
  open: atDesk((main, hall, number) => new Round(main, number)),
};

class Round {
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
    const { data, at, isFresh } = await ask(this.pathOf("sheet"));
    data.at = at;
    this.sheet = new Sheet(data, await queue.entries(), person().user.id);
    this.kept = ageOf({ at, isFresh });
    const label = this.sheet.bins.length ? t("Scan an item or a bin") : t("Scan an item");
    this.box = scanBox({ label, onCode: (code) => this.next(() => this.scanned(code)) });
    this.top = h("div", {});
    this.panel = h("div", { id: "panel" });
    this.lists = h("div", {});
    fill(this.main, this.top, this.makeBins(), this.box.element, this.panel, this.lists);
    const stops = [queue.onChange((rows) => { this.sheet.take(rows); this.draw(); }), onReach(() => this.refresh())];
    this.stop = () => stops.forEach((stop) => stop());
    this.draw();
  }

  /** The list is a copy as long as there is no connection. */
  async refresh() {
    if (!isReached || !this.kept) return;
    const { data, at, isFresh } = await ask(this.pathOf("sheet")).catch(() => ({ isFresh: false }));
    if (!isFresh || !this.kept) return;
    data.at = at;
    this.sheet = new Sheet(data, await queue.entries(), person().user.id);
    this.kept = "";
    this.draw();
  }

  async end() {
    this.stop();
    this.box.close();
    await this.next(() => this.finish());
  }

  pathOf(act) {
    return `/api/v1/stock-counts/${encodeURIComponent(this.number)}/${act}/`;
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
    const item = this.sheet.item(code);
    if (bin && !(item && bin.code === this.bin)) return this.enter(bin.code); // at that bin it is the item of that name
    if (item) return this.countOneMore(item);
    const found = code.length >= 2 ? this.sheet.search(code) : [];
    if (found.length) {
      await this.finish();
      this.found = found;
      return this.draw();
    }
    feel(false);
    said(t(
      "“%(code)s” is not on this list. Say how many there are: it is kept, and the office finds out what it is.", { code }), "bad");
    return this.countOneMore({ ...UNKNOWN, sku: code, name: t("Not on this list"), state: "open" });
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
    const chosen = async (bin) => {
      await this.enter(bin);
      await (isScan ? this.countOneMore(item) : this.choose(item, bin));
    };
    const buttons = item.bins.map((bin) => softButton(bin, () => this.next(() => chosen(bin))));
    fill(this.panel, card({}, h("h2", {}, item.name), buttons));
  }

  async openItem(item, bin, first) {
    await this.finish();
    const before = this.sheet.counted(item, bin);
    const known = before && !this.sheet.isLongAgo(before) ? before.counted : null;
    const value = first(known);
    const changed = (pieces) => this.keep(pieces);
    this.item = { item, bin, draft: null, before };
    this.item.pad = quantityPad({ value, pack: item.pack, onChange: changed, onDone: () => this.next(() => this.finish(true)) });
    this.found = null;
    if (value !== null && value !== known) this.keep(value);
    this.draw();
    this.drawPanel();
  }

  // What is kept

  /** Every change is on the disk at once, as a draft; an emptied quantity is none. */
  keep(value) {
    const { item } = this;
    if (!item) return;
    this.writes = this.writes.then(() => this.write(item, value)).catch((error) => said(cannotKeep(error), "bad"));
  }

  async write(item, value) {
    const title = this.titleOf(item, value);
    if (value === null) {
      if (item.draft) await queue.drop(item.draft);
      item.draft = null;
    } else if (!item.draft || !(await queue.redraft(item.draft, value, title))) {
      const { number } = this;
      const entry = { number, code: item.item.sku, counted: value, bin: item.bin, title, isDraft: true };
      item.draft = (await queue.count(entry)).seq;
    }
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
      const title = t("Undo: %(what)s", { what: entry.title });
      await queue.act({ path: this.pathOf("withdraw"), body: { uuid: entry.uuid }, title });
      await queue.withdraw(entry.seq);
    }
    this.sheet.take(await queue.entries());
    said(t("%(what)s: taken back.", { what: entry.title }), "good");
    this.draw();
  }

  async post() {
    try {
      await send(this.pathOf("post"), {}, store.uuid());
      fill(this.main, card({ tone: "good" }, h("h2", {}, t("Posted")),
        h("p", {}, t("The differences are in the stock. Thank you.")),
        linkTo("counts", t("To the other counts"))));
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
      soft(sheet.count.note || sheet.count.number, this.kept),
      progress(done, all, t("%(n)s of %(all)s counted", { n: done, all })));
    this.chooser.value = this.bin;
    this.chooser.parentElement.hidden = Boolean(this.item) || !sheet.bins.length;
    if (this.item) return fill(this.lists);
    if (sheet.isClosed()) return fill(this.lists, this.drawClosed());
    const left = this.found ? this.found.map((item) => ({ item, bin: this.binOf(item) })) : sheet.left(this.bin);
    const shown = left.slice(0, this.isAllShown ? MOST_SHOWN : SHOWN);
    const more = left.length - shown.length;
    return fill(this.lists,
      this.found ? h("h2", {}, t("Found")) : left.length ? h("h2", {}, t("Next")) : this.drawEnd(),
      h("ul", { class: "entries" }, shown.map(({ item, bin }) => this.drawLeft(item, bin))),
      more ? softButton(nt("Show one more", "Show %(n)s more", more), () => this.showAll()) : null,
      listOf(t("Counted by you"), sheet.entries.slice(0, MOST_ENTRIES).map((entry) => this.drawEntry(entry))));
  }

  /** Somebody posted it, or gave it up, before what was entered here arrived. */
  drawClosed() {
    return [
      card({ tone: "bad" }, h("h2", {}, t("This count is closed.")),
        h("p", {}, t("What was entered after it closed is kept for the office, and changes nothing. Count in another one.")),
        linkTo("counts", t("To the other counts"))),
      listOf(t("Counted by you"), this.sheet.entries.slice(0, MOST_ENTRIES).map((entry) =>
        entryRow(entry, fact(moment(entry.at)), bad(entry.sentence)))),
    ];
  }

  showAll() {
    this.isAllShown = true;
    this.draw();
  }

  /** Made once: a field that is drawn anew loses the focus, and with it the rest of a scan. */
  makeBins() {
    const { bins } = this.sheet;
    const known = bins.map(({ code, area }) => h("option", { value: code }, area ? `${code} · ${area}` : code));
    const options = [h("option", { value: "" }, t("no bin chosen")), ...known];
    const chosen = ({ target }) => {
      target.blur(); // or the next letters would choose another one
      this.next(() => this.enter(target.value));
    };
    this.chooser = h("select", { id: "bin", onchange: chosen }, options);
    return h("label", { class: "field", hidden: !bins.length }, t("Bin"), this.chooser);
  }

  drawLeft(item, bin) {
    const chosen = () => this.next(() => this.choose(item, bin === null ? undefined : bin));
    const why = {
      recount: () => t("Somebody counted something else than expected: please count it again."),
      moved: () => t("Stock moved while its bins were counted: count all of them again."),
    }[item.state];
    return choice(chosen, item.name, fact(this.factsOf(item, bin)), why ? bad(why()) : null);
  }

  factsOf(item, bin) {
    return `${bin ? `${bin} · ` : ""}${item.sku}${this.expected(item)}`;
  }

  expected(item) {
    return item.shelf === null || item.shelf === undefined ? "" : ` · ${t("expected %(n)s", { n: item.shelf })}`;
  }

  drawEntry(entry) {
    const item = this.sheet.item(entry.code) || { ...UNKNOWN, sku: entry.code, name: entry.code };
    const isUnsent = queue.UNSENT.includes(entry.state);
    return entryRow(entry,
      fact(`${moment(entry.at)} · ${isUnsent ? t("not sent yet") : t("sent")}`),
      bad(entry.sentence),
      entry.problem ? acts() : acts(
        softButton(t("Correct"), () => this.next(() => this.choose(item, entry.bin))),
        softButton(t("Undo"), () => this.next(() => this.undo(entry)))));
  }

  drawEnd() {
    const waits = this.sheet.unsent();
    const post = () => confirm(t("Post this count? Its differences go into the stock.")) && this.post();
    return card({ tone: "good" }, h("h2", {}, t("Everything on this list is counted.")), waits
      ? h("p", {}, nt("One entry is not sent yet.", "%(n)s entries are not sent yet.", waits))
      : bigButton(t("Post the count"), post, { tone: "good" }));
  }

  drawPanel() {
    const { item, bin, before, pad } = this.item;
    const isElsewhere = bin && item.bins.length > 0 && !item.bins.includes(bin);
    const place = () => t("It is known in %(bins)s, not here: this says what lies in %(bin)s, and what lies there is counted too.",
      { bins: item.bins.join(", "), bin });
    const old = () => soft(t("You counted %(n)s here, %(when)s.", { n: before.counted, when: moment(before.at) }));
    const isOthers = item.state === "counted" && !item.mine;
    fill(this.panel, card({ tone: "open" }, h("h2", {}, item.name),
      isElsewhere ? h("p", { class: "bad" }, place()) : soft(this.factsOf(item, bin)),
      before ? old() : null,
      isOthers ? soft(t("Somebody else counted this already.")) : null,
      pad.element,
      acts(
        softButton(t("None here"), () => this.next(() => this.none())),
        softButton(t("Don't count it now"), () => this.next(() => this.leaveOut())))));
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
    said("");
    return this.finish();
  }
}
