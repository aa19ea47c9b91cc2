// The open counts of this warehouse.

import { fill, h } from "../dom.js";
import { ageOf, bigButton, card, said, soft, softButton, tiles } from "../parts.js";
import { ask, askAll, send } from "../server.js";
import { uuid } from "../store.js";
import { nt, t } from "../texts.js";

const KINDS = {
  full: () => t("everything"),
  category: () => t("a category"),
  bins: () => t("some bins"),
  list: () => t("a list of items"),
};

/** What is due today here, if anything is; it is opened with a connection only, so that two phones don't open two. */
async function today(hall) {
  const { data } = await ask("/api/v1/count-plan/summary/");
  const due = data.results.find((one) => one.warehouse === hall.session.warehouse);
  if (!due || !due.items || !hall.may("stock.add_stockcount")) return null;
  const key = uuid();
  const minutes = Math.ceil(due.minutes);
  const open = async () => {
    try {
      const count = await send("/api/v1/count-plan/open/", { warehouse: due.warehouse }, key);
      hall.go(`counts/${encodeURIComponent(count.number)}`);
    } catch (error) {
      said(error.message, "bad");
    }
  };
  return card({ tone: "open" },
    h("h2", {}, t("To count today")),
    h("p", {}, nt("One item, about %(minutes)s minutes.", "%(n)s items, about %(minutes)s minutes.", due.items, { minutes })),
    due.note ? soft(due.note) : null,
    bigButton(t("Count these"), open, { tone: "good" }));
}

const TAKEN_ALONG = 5; // the newest counts, for who walks off into a dead spot at once

const openHere = (hall) => askAll(`/api/v1/stock-counts/?state=open&warehouse__code=${encodeURIComponent(hall.session.warehouse)}`);

function linkOf(count) {
  const done = t("%(n)s of %(all)s counted", { n: count.counted, all: count.line_count });
  return h("a", { class: "tile", href: `#/counts/${encodeURIComponent(count.number)}` },
    h("b", {}, count.note || count.number),
    h("span", {}, [count.number, KINDS[count.kind](), done].join(" · ")));
}

export const screen = {
  path: /^counts$/,
  title: () => t("Counts"),
  async takeAlong(hall) {
    if (!hall.may("stock.change_stockcount")) return;
    const { data } = await openHere(hall);
    for (const count of data.slice(0, TAKEN_ALONG)) await ask(`/api/v1/stock-counts/${encodeURIComponent(count.number)}/sheet/`);
  },
  async open(main, match, hall) {
    const { data, at, isFresh } = await openHere(hall);
    const due = await today(hall).catch(() => null); // the list above is what matters
    const rows = data.map(linkOf);
    const none = due ? null : card({}, h("p", {}, t("No count is open here, and nothing is due today. The office can open one.")));
    fill(main,
      soft(ageOf({ at, isFresh })),
      due,
      tiles(rows, none),
      rows.length ? soft(nt("One count is open.", "%(n)s counts are open.", rows.length)) : null,
      softButton(t("Look again"), () => hall.go("counts")));
  },
};
