// Documents of the shop that are worked on in the hall: found, opened again without a connection, and what waits of them.

import { isSame } from "./codes.js";
import { fill, h } from "./dom.js";
import { ageOf, scanBox, soft, tiles } from "./parts.js";
import { ask, askAll, Silent } from "./server.js";
import { format, nt, t } from "./texts.js";

export const LOOKED_UP = 25;

/** The rows of several lists together: {rows, note}; the note says when they are old. */
export async function listed(paths) {
  const lists = [];
  for (const path of paths) lists.push(await askAll(path));
  return { rows: lists.flatMap((list) => list.data), note: ageOf(lists.find((list) => !list.isFresh) || lists[0]) };
}

/** One document; without a connection as it was opened last, or as it stood in a list. */
export async function opened(path, lists, number) {
  try {
    const { data, at, isFresh } = await ask(path);
    return { data, at, note: ageOf({ at, isFresh }) };
  } catch (error) {
    if (!(error instanceof Silent)) throw error;
    for (const list of lists) {
      const found = await askAll(list).catch(() => null);
      const row = found && found.data.find((one) => one.number === number);
      if (row) return { data: row, at: found.at, note: ageOf(found) };
    }
    throw error;
  }
}

/** What this device did to a document and the copy of it does not show yet. */
export function doneSince(rows, document, at) {
  const isNews = (entry) => (entry.state === "sent" ? entry.sentAt >= at : entry.state !== "held");
  return rows.filter((entry) => entry.subject && entry.subject.document === document && isNews(entry));
}

/** The lines that a scanned or typed code means: by barcode or SKU, whichever way they are written. */
export function linesOf(lines, code) {
  return lines.filter((line) => isSame(code, line.product) || (line.barcode && isSame(code, line.barcode)));
}

export function day(value) {
  if (!value) return "";
  return format(new Date(`${value}T00:00:00Z`), { dateStyle: "medium", timeZone: "UTC" });
}

/** A screen of documents to choose from, with a finger or by a scan; returns how to leave it. */
export function drawList(main, { label, onCode, note, links, none }) {
  const box = scanBox({ label, onCode });
  fill(main, note ? soft(note) : null, box.element, tiles(links, none));
  return () => box.close();
}

/** A link to a document, as a large row. */
export function rowLink(to, title, ...facts) {
  return h("a", { class: "tile", href: `#/${to}` }, h("b", {}, title), facts.filter(Boolean).map((fact) => h("span", {}, fact)));
}

/** The link of an arrival (see arrival.js) that is on its way: from whom, how much, when. */
export function comingLink(kind, document, from) {
  const pieces = document.lines.reduce((sum, line) => sum + kind.left(line), 0);
  const when = document.expected_on ? t("expected %(day)s", { day: day(document.expected_on) }) : "";
  const size = [nt("one piece to come", "%(n)s pieces to come", pieces), when];
  return rowLink(`${kind.name}/${document.number}`, document.number, from, size.filter(Boolean).join(" · "));
}

/** Where items are looked up by a code or a part of their name, the first few of them. */
export function lookupPath(code, warehouse) {
  return `/api/v1/lookup/?warehouse=${encodeURIComponent(warehouse)}&page_size=${LOOKED_UP}&code=${encodeURIComponent(code)}`;
}

/** What a code means here: {items, isKnown}; without a connection and never looked up, the code itself, for the server to tell. */
export async function itemsOf(code, warehouse) {
  try {
    const { data } = await ask(lookupPath(code, warehouse));
    return { items: data.results, isKnown: true };
  } catch (error) {
    if (!(error instanceof Silent)) throw error;
    return { items: [{ product: code, name: code, barcode: "", here: [], elsewhere: [], coming: [] }], isKnown: false };
  }
}
