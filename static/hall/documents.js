// Documents of the shop that are worked on in the hall: found, opened again without a connection, and what waits of them.

import { isSame } from "./codes.js";
import { h } from "./dom.js";
import { ageOf } from "./parts.js";
import { ask, askAll, Silent } from "./server.js";
import { spoken } from "./texts.js";

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
  return rows.filter((entry) => entry.subject && entry.subject.document === document && (entry.state !== "sent" || entry.sentAt >= at) && entry.state !== "held");
}

/** The lines that a scanned or typed code means: by barcode or SKU, whichever way they are written. */
export function linesOf(lines, code) {
  return lines.filter((line) => isSame(code, line.product) || (line.barcode && isSame(code, line.barcode)));
}

export function day(value) {
  if (!value) return "";
  return new Intl.DateTimeFormat(spoken() === "en" ? undefined : "zh-Hans", { dateStyle: "medium", timeZone: "UTC" }).format(new Date(`${value}T00:00:00Z`));
}

/** A link to a document, as a large row. */
export function rowLink(to, title, ...facts) {
  return h("a", { class: "tile", href: `#/${to}` }, h("b", {}, title), facts.filter(Boolean).map((fact) => h("span", {}, fact)));
}

/** What a code means here: {items, isKnown}; without a connection and never looked up, the code itself, for the server to tell. */
export async function itemsOf(code, warehouse) {
  try {
    const { data } = await ask(`/api/v1/lookup/?warehouse=${encodeURIComponent(warehouse)}&page_size=25&code=${encodeURIComponent(code)}`);
    return { items: data.results, isKnown: true };
  } catch (error) {
    if (!(error instanceof Silent)) throw error;
    return { items: [{ product: code, name: code, barcode: "", here: [], elsewhere: [], coming: [] }], isKnown: false };
  }
}
