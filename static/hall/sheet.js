// A count's list with what this person entered since: what a code means, what is left, what was counted.

import { spellings } from "./codes.js";
import { UNSENT } from "./queue.js";

const LONG_AGO = 30 * 60_000; // milliseconds: a number that old is counted anew, not added to

export class Sheet {
  constructor(data, entries, owner) {
    this.count = data;
    this.items = data.items;
    this.bins = data.bins;
    this.bySku = new Map();
    this.byBarcode = new Map();
    for (const item of data.items) {
      this.bySku.set(item.sku.toLowerCase(), item);
      if (item.barcode) this.byBarcode.set(item.barcode.toLowerCase(), item);
    }
    this.binByCode = new Map(data.bins.map((bin) => [bin.code.toLowerCase(), bin]));
    this.place = new Map(data.bins.map((bin, order) => [bin.code, order]));
    this.owner = owner;
    this.walk = this.inOrder();
    this.take(entries);
  }

  /** Entries of this count by this person, the newest first. */
  take(entries) {
    const isOurs = (one) => one.kind === "count" && one.number === this.count.number && one.owner === this.owner;
    this.entries = entries.filter((one) => isOurs(one) && !one.isWithdrawn).reverse();
    this.latest = new Map();
    for (const entry of this.entries) {
      if (entry.state === "held" || entry.problem) continue;
      const key = this.key(this.item(entry.code)?.sku || entry.code, entry.bin);
      if (!this.latest.has(key)) this.latest.set(key, entry);
    }
  }

  key(sku, bin) {
    return `${sku.toLowerCase()}\n${bin.toLowerCase()}`;
  }

  item(code) {
    for (const same of spellings(code.trim().toLowerCase())) {
      const found = this.bySku.get(same) || this.byBarcode.get(same);
      if (found) return found;
    }
    return null;
  }

  bin(code) {
    return this.binByCode.get(code.trim().toLowerCase()) || null;
  }

  /** Items whose name or number has this in it. */
  search(text, most = 8) {
    const low = text.trim().toLowerCase();
    const found = [];
    for (const item of this.items) {
      if (found.length === most) break;
      if (item.name.toLowerCase().includes(low) || item.sku.toLowerCase().includes(low)) found.push(item);
    }
    return found;
  }

  /** What was counted of the item in the bin by this person. */
  counted(item, bin) {
    return this.latest.get(this.key(item.sku, bin)) || null;
  }

  isLongAgo(entry) {
    return Date.now() - Date.parse(entry.at) > LONG_AGO;
  }

  /** {item, bin} of all that is to be counted, in the order of the walk; bin is "" for an item that lies in none. */
  inOrder() {
    const found = this.items.flatMap((item) => (item.bins.length ? item.bins : [""]).map((bin) => ({ item, bin })));
    const order = ({ bin }) => (bin === "" ? Infinity : this.place.get(bin) ?? Infinity);
    const names = new Intl.Collator();
    return found.sort((one, other) => order(one) - order(other) || names.compare(one.item.name, other.item.name));
  }

  isMissing(item, bin) {
    const mine = this.counted(item, bin) || this.counted(item, "");
    if (item.state === "recount") return !item.mine && !(mine && Date.parse(mine.at) > this.count.at);
    if (item.state === "moved") return !(mine && Date.parse(mine.at) > this.count.at);
    return item.state !== "counted" && item.state !== "posted" && !mine;
  }

  /** {item, bin} that are left, those of `here` first. */
  left(here) {
    const found = this.walk.filter(({ item, bin }) => this.isMissing(item, bin));
    return here ? [...found.filter(({ bin }) => bin === here), ...found.filter(({ bin }) => bin !== here)] : found;
  }

  done() {
    const open = new Set(this.walk.filter(({ item, bin }) => this.isMissing(item, bin)).map(({ item }) => item));
    return this.items.length - open.size;
  }

  isClosed() {
    return this.entries.some((one) => one.problem === "closed");
  }

  unsent() {
    return this.entries.filter((one) => UNSENT.includes(one.state)).length;
  }
}
