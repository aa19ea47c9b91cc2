// Picking a sale: one stop of the walk at a time, with a scan or a finger for what was taken.

import { Desk, atDesk } from "../desk.js";
import { drawList, linesOf, rowLink } from "../documents.js";
import { fill, h } from "../dom.js";
import { keep, oneAtATime } from "../kept.js";
import { quantityPad } from "../pad.js";
import {
  acts, ageOf, bigButton, card, entryRow, fact, feel, linkTo, listOf, progress, said, soft, softButton,
} from "../parts.js";
import * as queue from "../queue.js";
import { ask } from "../server.js";
import { moment, nt, t } from "../texts.js";

const PATH = "/api/v1/picks/";
const TIMED = ["pick", "put-back", "not-found"]; // acts that a posted count may have seen
const KEPT_AHEAD = 8;

const hereOf = ({ session }) => `warehouse=${encodeURIComponent(session.warehouse)}`;
const listPath = (hall) => `${PATH}?${hereOf(hall)}&page_size=50`;
const walkPath = (number, hall) => `${PATH}${encodeURIComponent(number)}/?${hereOf(hall)}`;

function linkOf({ number, stops, pieces, minutes, picked, placed_at: placedAt }) {
  const size = [
    nt("one stop", "%(n)s stops", stops), nt("one piece", "%(n)s pieces", pieces),
    nt("about one minute", "about %(n)s minutes", minutes),
  ];
  const done = pieces ? nt("one is picked already", "%(n)s are picked already", picked) : t("all picked, to be sent off");
  return rowLink(`pick/${number}`, number,
    pieces ? size.join(" · ") : "", picked ? done : "", t("ordered %(when)s", { when: moment(placedAt) }));
}

function find(orders, code, hall) {
  const found = orders.find((row) => row.number.toLowerCase() === code.toLowerCase());
  feel(Boolean(found));
  if (found) hall.go(`pick/${found.number}`);
  else said(t("“%(code)s” is no order that can be picked here.", { code }), "bad");
}

export const list = {
  path: /^pick$/,
  title: () => t("Pick"),
  async open(main, match, hall) {
    const { data, at, isFresh } = await ask(listPath(hall));
    const rows = data.results;
    if (isFresh) keepAhead(rows, hall).catch(() => null);
    return drawList(main, {
      label: t("Scan an order"),
      onCode: (code) => find(rows, code, hall),
      note: ageOf({ at, isFresh }),
      links: rows.map(linkOf),
      none: card({ tone: "good" }, h("p", {}, t("Nothing waits to be picked here."))),
    });
  },
  async takeAlong(hall) {
    if (!hall.session.warehouse || !hall.may("orders.change_salesorder")) return;
    const { data, isFresh } = await ask(listPath(hall));
    if (isFresh) await keepAhead(data.results, hall);
  },
};

/** The next walks are kept for dead spots. */
async function keepAhead(rows, hall) {
  for (const row of rows.slice(0, KEPT_AHEAD)) await ask(walkPath(row.number, hall));
}

export const screen = {
  path: /^pick\/(.+)$/,
  title: () => t("Pick"),
  open: atDesk((main, hall, number) => new Walk(main, hall, "pick", number)),
};

/** What is begun of it is, by line, how many pieces were scanned of what is not taken as a whole yet. */
class Walk extends Desk {
  constructor(...told) {
    super(...told);
    Object.assign(this, { later: new Set(), isAsking: false, awaited: null });
    for (const name of ["take", "miss", "putBack", "foundAfterAll", "ship"]) this[name] = oneAtATime(this[name].bind(this));
  }

  begin() {
    return this.lay({ path: walkPath(this.number, this.hall), lists: [], label: t("Scan what you take") });
  }

  heed(rows) {
    this.rows = rows;
    if (rows.some((entry) => entry.seq === this.awaited && entry.state === "sent")) this.hall.go(`pick/${this.number}`);
    else this.draw();
  }

  // How far it is

  since(line, what) {
    const own = this.news().filter((entry) => entry.subject.line === line.line);
    return own.reduce((sum, entry) => sum + (entry.subject[what] || 0), 0);
  }

  left(line) {
    return Math.max(line.quantity - this.since(line, "taken") - this.since(line, "missing"), 0);
  }

  taken(line) {
    return line.picked + this.since(line, "taken");
  }

  isSent() {
    return this.news().some((entry) => entry.subject.isShipped);
  }

  lines() {
    return this.document.stops.flatMap((stop) => stop.lines);
  }

  /** Where to go now: what was put off comes again at the end. */
  next() {
    const open = this.document.stops.filter((stop) => stop.lines.some((line) => this.left(line)));
    return open.find((stop) => !this.later.has(stop)) || open[0] || null;
  }

  // What a code does

  scanned(code) {
    const stop = this.next();
    if (!stop) return undefined;
    if (stop.bin && stop.bin.toLowerCase() === code.toLowerCase()) {
      feel(true);
      return said(t("You are at bin %(bin)s.", { bin: stop.bin }), "good");
    }
    const line = linesOf(stop.lines, code).find((one) => this.left(one));
    if (line) return this.scanOne(line);
    feel(false);
    const wanted = stop.lines.find((one) => this.left(one));
    const other = linesOf(this.lines(), code)[0];
    return said(other
      ? t("That is %(name)s. Here you take %(wanted)s.", { name: other.name, wanted: wanted.name })
      : t("“%(code)s” is not on this order. Here you take %(wanted)s.", { code, wanted: wanted.name }), "bad");
  }

  async scanOne(line) {
    feel(true);
    const n = (this.begun[line.line] || 0) + 1;
    this.begun[line.line] = n;
    if (n >= this.left(line)) return this.take(line, this.left(line));
    await keep(this.name, this.begun);
    said(t("%(n)s of %(all)s", { n, all: this.left(line) }), "good");
    return this.draw();
  }

  // What is done

  act(verb, body, title, subject) {
    const path = `${PATH}${encodeURIComponent(this.number)}/${verb}/`;
    const whole = { warehouse: this.hall.session.warehouse, ...body };
    return queue.act({ path, body: whole, title, subject: { document: this.name, ...subject }, isTimed: TIMED.includes(verb) });
  }

  async take(line, quantity) {
    delete this.begun[line.line];
    await keep(this.name, Object.keys(this.begun).length ? this.begun : null);
    const { line: id, name } = line;
    const title = t("%(n)s × %(name)s taken for %(number)s", { n: quantity, name, number: this.number });
    await this.act("pick", { lines: [{ line: id, quantity }] }, title, { line: id, taken: quantity });
    said(t("%(n)s × %(name)s: taken.", { n: quantity, name: line.name }), "good");
    this.closePad();
    this.draw();
    scrollTo(0, 0);
  }

  async miss(line, quantity) {
    const { line: id, name } = line;
    const title = t("%(n)s × %(name)s were not there for %(number)s", { n: quantity, name, number: this.number });
    await this.act("not-found", { line: id, quantity }, title, { line: id, missing: quantity });
    said(nt(
      "One piece is off the stock. Somebody is asked to count.",
      "%(n)s pieces are off the stock. Somebody is asked to count.", quantity), "good");
    this.draw();
  }

  /** What waits to be sent was never taken. */
  async putBack(line) {
    const isTake = ({ state, subject }) => queue.UNSENT.includes(state) && subject.line === line.line && subject.taken > 0;
    let dropped = 0;
    for (const entry of this.news().filter(isTake)) if (await queue.drop(entry.seq)) dropped += entry.subject.taken;
    this.rows = await queue.entries();
    const rest = this.taken(line);
    if (rest > 0) {
      const { line: id, name } = line;
      const title = t("%(n)s × %(name)s put back", { n: rest, name });
      await this.act("put-back", { lines: [{ line: id, quantity: rest }] }, title, { line: id, taken: -rest });
    }
    said(t("%(n)s × %(name)s: put them back on the shelf.", { n: rest + dropped, name: line.name }), "good");
    this.draw();
  }

  mayTakeOff() {
    return this.hall.may("stock.add_stockmovement");
  }

  /** What was said to be missing, newest first; also what a walk of today does not show any more. */
  missed() {
    if (!this.mayTakeOff()) return [];
    const own = this.rows.filter((entry) => entry.subject?.document === this.name && entry.state !== "held");
    const undone = new Set(own.map((entry) => entry.subject.undoes));
    return own.filter((entry) => entry.subject.missing > 0 && !undone.has(entry.uuid)).reverse();
  }

  async foundAfterAll(entry) {
    const { line, missing } = entry.subject;
    if (!(await queue.drop(entry.seq))) {
      const title = t("Undo: %(what)s", { what: entry.title });
      const subject = { line, missing: -missing, undoes: entry.uuid };
      const { seq } = await this.act("found", { line, quantity: missing }, title, subject);
      if (!this.lines().some((one) => one.line === line)) this.awaited = seq; // the server's next walk has it
    }
    said(t("%(what)s: taken back.", { what: entry.title }), "good");
    this.rows = await queue.entries();
    this.draw();
  }

  shipPart() {
    if (confirm(t("Send off what is taken? The rest of the order waits."))) this.ship();
  }

  async ship() {
    await this.act("ship", {}, t("%(number)s sent off", { number: this.number }), { isShipped: true });
    said(t("%(number)s: sent off.", { number: this.number }), "good");
    this.draw();
  }

  // What is seen

  draw() {
    if (this.pad || this.isAsking) return; // somebody is typing, or has a question to answer
    const lines = this.lines();
    const taken = lines.reduce((sum, line) => sum + this.taken(line), 0);
    const left = lines.reduce((sum, line) => sum + this.left(line), 0);
    const stop = this.next();
    const { metres } = this.document;
    const way = metres === null ? "" : t("%(n)s m walk", { n: Math.round(metres) });
    const all = taken + left;
    fill(this.top, soft(this.number, way, this.note),
      all ? progress(taken, all, t("%(n)s of %(all)s pieces taken", { n: taken, all })) : null);
    this.box.element.hidden = !stop;
    fill(this.panel, this.isSent() ? this.drawSent() : stop ? this.drawStop(stop) : this.drawEnd(taken));
    const rest = this.document.stops.filter((one) => one !== stop && one.lines.some((line) => this.left(line)));
    const done = this.isSent() ? [] : lines.filter((line) => this.taken(line) > 0);
    fill(this.lists,
      listOf(t("After that"), rest.map((one) => this.drawRest(one))),
      listOf(t("Taken"), done.map((line) => this.drawTaken(line))),
      listOf(t("Not found"), this.missed().map((entry) => this.drawMissed(entry))),
      taken && stop && !this.isSent() ? softButton(t("Send off what is taken"), () => this.shipPart()) : null);
  }

  drawRest(stop) {
    const left = stop.lines.filter((line) => this.left(line));
    const what = left.map((line) => t("%(n)s × %(name)s", { n: this.left(line), name: line.name })).join(", ");
    return entryRow({ title: stop.bin || t("no bin known") }, fact(what));
  }

  drawTaken(line) {
    const title = t("%(n)s × %(name)s", { n: this.taken(line), name: line.name });
    return entryRow({ state: "sent", title }, acts(softButton(t("Undo"), () => this.putBack(line))));
  }

  drawMissed(entry) {
    return entryRow(entry, acts(softButton(t("Undo"), () => this.foundAfterAll(entry))));
  }

  drawStop(stop) {
    const others = stop.others.map((one) => `${one.name} (${one.product})`).join(", ");
    return card({ tone: "open" },
      h("p", { class: "place", id: "bin" }, stop.bin || t("no bin known"), fact(stop.area)),
      stop.lines.filter((line) => this.left(line)).map((line) => this.drawLine(line)),
      others ? soft(t("In the same bin, not for this order: %(items)s", { items: others })) : null,
      softButton(t("Later"), () => this.putOff(stop)));
  }

  putOff(stop) {
    if (this.later.has(stop)) this.later.clear();
    this.later.add(stop);
    this.draw();
  }

  drawLine(line) {
    const left = this.left(line);
    const scanned = this.begun[line.line] || 0;
    return h("div", { class: "line", "data-line": line.line }, h("h2", {}, line.name), soft(line.product, line.barcode),
      h("p", { class: "quantity" }, scanned ? t("%(n)s of %(all)s", { n: scanned, all: left }) : String(left)),
      line.also_in.length ? soft(t("Also in %(bins)s.", { bins: line.also_in.join(", ") })) : null,
      acts(
        bigButton(nt("Took it", "Took all %(n)s", left), () => this.take(line, left), { tone: "good" }),
        softButton(t("Fewer are here"), () => this.fewer(line))));
  }

  fewer(line) {
    this.closePad();
    const left = this.left(line);
    const finish = (found) => {
      if (found === null || found > left) return said(t("At most %(n)s are to be taken.", { n: left }), "bad");
      this.closePad();
      if (found === left) return this.take(line, left);
      return this.askMissing(line, found, left - found);
    };
    const back = () => {
      this.closePad();
      this.draw();
    };
    this.pad = quantityPad({ value: this.begun[line.line] || 0, onChange: () => null, onDone: finish });
    fill(this.panel, card({ tone: "open" },
      h("h2", {}, t("How many of %(n)s did you find?", { n: left })), soft(line.name), this.pad.element,
      softButton(t("Back"), back)));
  }

  askMissing(line, found, missing) {
    this.isAsking = true;
    const { name, also_in: others } = line;
    const take = () => {
      this.isAsking = false;
      return found ? this.take(line, found) : this.draw();
    };
    const miss = async () => {
      this.isAsking = false;
      await this.miss(line, missing);
      await take();
    };
    const later = async () => {
      await take();
      const stop = this.next();
      if (stop) this.putOff(stop);
    };
    const title = nt("One piece of %(name)s is missing.", "%(n)s pieces of %(name)s are missing.", missing, { name });
    const elsewhere = () => t("It lies in %(bins)s too: look there first.", { bins: others.join(", ") });
    fill(this.panel, card({ tone: "bad" }, h("h2", {}, title),
      others.length ? h("p", {}, elsewhere()) : null,
      this.mayTakeOff() ? this.drawNowhere(miss) : null,
      softButton(t("I look again later"), later)));
  }

  drawNowhere(miss) {
    return [
      h("p", {}, t("If they are nowhere: they leave the stock, the customer waits, and somebody is asked to count.")),
      bigButton(t("They are nowhere"), miss, { tone: "warn", id: "nowhere" }),
    ];
  }

  drawEnd(taken) {
    if (!taken)
      return card({}, h("p", {}, t("There is nothing to pick of this order here.")), linkTo("pick", t("To the other orders")));
    const { ship_to: address } = this.document;
    return card({ tone: "good" }, h("h2", {}, t("All that is here is taken.")),
      address ? h("p", { class: "address" }, address) : null,
      bigButton(t("Send it off"), () => this.ship(), { tone: "good", id: "ship" }),
      linkTo("pick", t("Later: to the other orders")));
  }

  drawSent() {
    return card({ tone: "good" }, h("h2", {}, t("Sent off")), h("p", {}, t("What was taken has left the stock.")),
      h("a", { class: "big", href: "#/pick" }, t("To the other orders")));
  }
}
