// Picking a sale: one stop of the walk at a time, with a scan or a finger for what was taken.

import { doneSince, linesOf, opened, rowLink } from "../documents.js";
import { fill, h } from "../dom.js";
import { begun, keep, oneAtATime } from "../kept.js";
import { quantityPad } from "../pad.js";
import { ageOf, bigButton, card, feel, progress, said, scanBox } from "../parts.js";
import * as queue from "../queue.js";
import { ask, byServer } from "../server.js";
import { moment, nt, t } from "../texts.js";

const PATH = "/api/v1/picks/";
const KEPT_AHEAD = 8;

const listPath = (hall) => `${PATH}?warehouse=${encodeURIComponent(hall.session.warehouse)}&page_size=50`;
const walkPath = (number, hall) => `${PATH}${encodeURIComponent(number)}/?warehouse=${encodeURIComponent(hall.session.warehouse)}`;

function factsOf(row) {
  const size = [nt("one stop", "%(n)s stops", row.stops), nt("one piece", "%(n)s pieces", row.pieces), nt("about one minute", "about %(n)s minutes", row.minutes)];
  const state = row.picked ? (row.pieces ? nt("one is picked already", "%(n)s are picked already", row.picked) : t("all picked, to be sent off")) : "";
  return [row.pieces ? size.join(" · ") : "", state, t("ordered %(when)s", { when: moment(row.placed_at) })];
}

export const list = {
  path: /^pick$/,
  title: () => t("Pick"),
  async open(main, match, hall) {
    const { data, at, isFresh } = await ask(listPath(hall));
    const rows = data.results;
    const box = scanBox({
      label: t("Scan an order"),
      onCode: (code) => {
        const found = rows.find((row) => row.number.toLowerCase() === code.toLowerCase());
        feel(Boolean(found));
        if (found) hall.go(`pick/${found.number}`);
        else said(t("“%(code)s” is no order that can be picked here.", { code }), "bad");
      },
    });
    fill(main, h("p", { class: "soft" }, ageOf({ at, isFresh })), box.element,
      rows.length ? h("nav", { class: "tiles wide" }, rows.map((row) => rowLink(`pick/${row.number}`, row.number, ...factsOf(row)))) : card({ tone: "good" }, h("p", {}, t("Nothing waits to be picked here."))));
    if (isFresh) keepAhead(rows, hall).catch(() => null);
    return () => box.close();
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
  async open(main, [, number], hall) {
    const desk = new Desk(main, hall, number);
    await desk.begin();
    return () => desk.end();
  },
};

class Desk {
  constructor(main, hall, number) {
    Object.assign(this, { main, hall, number, name: `pick/${number}`, later: new Set(), pad: null, isAsking: false });
    for (const name of ["take", "miss", "putBack", "foundAfterAll", "ship"]) this[name] = oneAtATime(this[name].bind(this));
  }

  async begin() {
    const { data, at, note } = await opened(walkPath(this.number, this.hall), [], this.number);
    Object.assign(this, { walk: data, at, note });
    this.scans = (await begun(this.name)) || {}; // by line, pieces that were scanned of what is not taken as a whole yet
    this.rows = await queue.entries();
    this.box = scanBox({ label: t("Scan what you take"), onCode: (code) => this.scanned(code) });
    this.top = h("div", {});
    this.panel = h("div", { id: "panel" });
    this.lists = h("div", {});
    fill(this.main, this.top, this.box.element, this.panel, this.lists);
    this.stop = queue.onChange((rows) => this.heed(rows));
    this.draw();
  }

  heed(rows) {
    this.rows = rows;
    if (rows.some((entry) => entry.seq === this.awaited && entry.state === "sent")) this.hall.go(`pick/${this.number}`);
    else this.draw();
  }

  async end() {
    this.stop();
    this.box.close();
    this.closePad();
  }

  closePad() {
    if (this.pad) this.pad.close();
    this.pad = null;
  }

  // How far it is

  since(line, what) {
    return doneSince(this.rows, this.name, this.at).reduce((sum, entry) => sum + (entry.subject.line === line.line ? entry.subject[what] || 0 : 0), 0);
  }

  left(line) {
    return Math.max(line.quantity - this.since(line, "taken") - this.since(line, "missing"), 0);
  }

  taken(line) {
    return line.picked + this.since(line, "taken");
  }

  unsent() {
    return doneSince(this.rows, this.name, this.at).filter((entry) => queue.UNSENT.includes(entry.state));
  }

  isSent() {
    return doneSince(this.rows, this.name, this.at).some((entry) => entry.subject.isShipped);
  }

  lines() {
    return this.walk.stops.flatMap((stop) => stop.lines);
  }

  /** Where to go now: what was put off comes again at the end. */
  next() {
    const open = this.walk.stops.filter((stop) => stop.lines.some((line) => this.left(line)));
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
    const n = (this.scans[line.line] || 0) + 1;
    this.scans[line.line] = n;
    if (n >= this.left(line)) return this.take(line, this.left(line));
    await keep(this.name, this.scans);
    said(t("%(n)s of %(all)s", { n, all: this.left(line) }), "good");
    return this.draw();
  }

  // What is done

  act(verb, body, title, subject) {
    return queue.act({ path: `${PATH}${encodeURIComponent(this.number)}/${verb}/`, body: { warehouse: this.hall.session.warehouse, ...body }, title, subject: { document: this.name, ...subject } });
  }

  async take(line, quantity) {
    delete this.scans[line.line];
    await keep(this.name, Object.keys(this.scans).length ? this.scans : null);
    await this.act("pick", { lines: [{ line: line.line, quantity }], at: byServer(new Date().toISOString()) },
      t("%(n)s × %(name)s taken for %(number)s", { n: quantity, name: line.name, number: this.number }), { line: line.line, taken: quantity });
    said(t("%(n)s × %(name)s: taken.", { n: quantity, name: line.name }), "good");
    this.closePad();
    this.draw();
    scrollTo(0, 0);
  }

  async miss(line, quantity) {
    await this.act("not-found", { line: line.line, quantity, at: byServer(new Date().toISOString()) }, t("%(n)s × %(name)s were not there for %(number)s", { n: quantity, name: line.name, number: this.number }), { line: line.line, missing: quantity });
    said(nt("One piece is off the stock. Somebody is asked to count.", "%(n)s pieces are off the stock. Somebody is asked to count.", quantity), "good");
    this.draw();
  }

  /** What waits to be sent was never taken. */
  async putBack(line) {
    const waits = this.unsent().filter((entry) => entry.subject.line === line.line && entry.subject.taken > 0);
    let dropped = 0;
    for (const entry of waits) if (await queue.drop(entry.seq)) dropped += entry.subject.taken;
    this.rows = await queue.entries();
    const rest = this.taken(line);
    if (rest > 0) await this.act("put-back", { lines: [{ line: line.line, quantity: rest }], at: byServer(new Date().toISOString()) }, t("%(n)s × %(name)s put back", { n: rest, name: line.name }), { line: line.line, taken: -rest });
    said(t("%(n)s × %(name)s: put them back on the shelf.", { n: rest + dropped, name: line.name }), "good");
    this.draw();
  }

  /** What was said to be missing, newest first; also what a walk of today does not show any more. */
  missed() {
    const own = this.rows.filter((entry) => entry.subject?.document === this.name && entry.state !== "held");
    const undone = new Set(own.map((entry) => entry.subject.undoes));
    return own.filter((entry) => entry.subject.missing > 0 && !undone.has(entry.uuid)).reverse();
  }

  async foundAfterAll(entry) {
    const { line, missing } = entry.subject;
    if (!(await queue.drop(entry.seq))) {
      const told = await this.act("found", { line, quantity: missing }, t("Undo: %(what)s", { what: entry.title }), { line, missing: -missing, undoes: entry.uuid });
      if (!this.lines().some((one) => one.line === line)) this.awaited = told.seq; // the server's next walk has it
    }
    said(t("%(what)s: taken back.", { what: entry.title }), "good");
    this.rows = await queue.entries();
    this.draw();
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
    const way = this.walk.metres === null ? "" : t("%(n)s m walk", { n: Math.round(this.walk.metres) });
    fill(this.top, h("p", { class: "soft" }, [this.number, way, this.note].filter(Boolean).join(" · ")),
      taken + left ? progress(taken, taken + left, t("%(n)s of %(all)s pieces taken", { n: taken, all: taken + left })) : null);
    this.box.element.hidden = !stop;
    fill(this.panel, this.isSent() ? this.drawSent() : stop ? this.drawStop(stop) : this.drawEnd(taken));
    const rest = this.walk.stops.filter((one) => one !== stop && one.lines.some((line) => this.left(line)));
    const done = this.isSent() ? [] : lines.filter((line) => this.taken(line) > 0);
    const missed = this.hall.may("stock.add_stockmovement") ? this.missed() : [];
    fill(this.lists,
      rest.length ? h("h2", {}, t("After that")) : null,
      h("ul", { class: "entries" }, rest.map((one) => h("li", { class: "entry" }, h("b", {}, one.bin || t("no bin known")), h("span", { class: "soft" }, one.lines.filter((line) => this.left(line)).map((line) => t("%(n)s × %(name)s", { n: this.left(line), name: line.name })).join(", "))))),
      done.length ? h("h2", {}, t("Taken")) : null,
      h("ul", { class: "entries" }, done.map((line) => h("li", { class: "entry sent" }, h("b", {}, t("%(n)s × %(name)s", { n: this.taken(line), name: line.name })), h("div", { class: "acts" }, bigButton(t("Undo"), () => this.putBack(line), { tone: "soft" }))))),
      missed.length ? h("h2", {}, t("Not found")) : null,
      h("ul", { class: "entries" }, missed.map((entry) => this.drawMissed(entry))),
      taken && stop && !this.isSent() ? bigButton(t("Send off what is taken"), () => confirm(t("Send off what is taken? The rest of the order waits.")) && this.ship(), { tone: "soft" }) : null);
  }

  drawMissed(entry) {
    return h("li", { class: `entry ${entry.state}` }, h("b", {}, entry.title), h("div", { class: "acts" },
      bigButton(t("Undo"), () => this.foundAfterAll(entry), { tone: "soft" })));
  }

  drawStop(stop) {
    const others = stop.others.map((one) => `${one.name} (${one.product})`).join(", ");
    return card({ tone: "open" },
      h("p", { class: "place", id: "bin" }, stop.bin || t("no bin known"), stop.area ? h("span", { class: "soft" }, stop.area) : null),
      stop.lines.filter((line) => this.left(line)).map((line) => this.drawLine(line)),
      others ? h("p", { class: "soft" }, t("In the same bin, not for this order: %(items)s", { items: others })) : null,
      bigButton(t("Later"), () => this.putOff(stop), { tone: "soft" }));
  }

  putOff(stop) {
    if (this.later.has(stop)) this.later.clear();
    this.later.add(stop);
    this.draw();
  }

  drawLine(line) {
    const left = this.left(line);
    const scanned = this.scans[line.line] || 0;
    return h("div", { class: "line", "data-line": line.line }, h("h2", {}, line.name), h("p", { class: "soft" }, [line.product, line.barcode].filter(Boolean).join(" · ")),
      h("p", { class: "quantity" }, scanned ? t("%(n)s of %(all)s", { n: scanned, all: left }) : String(left)),
      line.also_in.length ? h("p", { class: "soft" }, t("Also in %(bins)s.", { bins: line.also_in.join(", ") })) : null,
      h("div", { class: "acts" },
        bigButton(nt("Took it", "Took all %(n)s", left), () => this.take(line, left), { tone: "good" }),
        bigButton(t("Fewer are here"), () => this.fewer(line), { tone: "soft" })));
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
    this.pad = quantityPad({ value: this.scans[line.line] || 0, onChange: () => null, onDone: finish });
    fill(this.panel, card({ tone: "open" }, h("h2", {}, t("How many of %(n)s did you find?", { n: left })), h("p", { class: "soft" }, line.name), this.pad.element,
      bigButton(t("Back"), () => { this.closePad(); this.draw(); }, { tone: "soft" })));
  }

  askMissing(line, found, missing) {
    this.isAsking = true;
    const mayTakeOff = this.hall.may("stock.add_stockmovement");
    const take = () => { this.isAsking = false; return found ? this.take(line, found) : this.draw(); };
    fill(this.panel, card({ tone: "bad" },
      h("h2", {}, nt("One piece of %(name)s is missing.", "%(n)s pieces of %(name)s are missing.", missing, { name: line.name })),
      line.also_in.length ? h("p", {}, t("It lies in %(bins)s too: look there first.", { bins: line.also_in.join(", ") })) : null,
      mayTakeOff ? h("p", {}, t("If they are nowhere: they leave the stock, the customer waits, and somebody is asked to count.")) : null,
      mayTakeOff && bigButton(t("They are nowhere"), async () => { this.isAsking = false; await this.miss(line, missing); await take(); }, { tone: "warn", id: "nowhere" }),
      bigButton(t("I look again later"), async () => { await take(); const stop = this.next(); if (stop) this.putOff(stop); }, { tone: "soft" })));
    return undefined;
  }

  drawEnd(taken) {
    if (!taken) return card({}, h("p", {}, t("There is nothing to pick of this order here.")), h("a", { class: "big soft", href: "#/pick" }, t("To the other orders")));
    return card({ tone: "good" }, h("h2", {}, t("All that is here is taken.")), this.walk.ship_to ? h("p", { class: "address" }, this.walk.ship_to) : null,
      bigButton(t("Send it off"), () => this.ship(), { tone: "good", id: "ship" }), h("a", { class: "big soft", href: "#/pick" }, t("Later: to the other orders")));
  }

  drawSent() {
    return card({ tone: "good" }, h("h2", {}, t("Sent off")), h("p", {}, t("What was taken has left the stock.")), h("a", { class: "big", href: "#/pick" }, t("To the other orders")));
  }
}
