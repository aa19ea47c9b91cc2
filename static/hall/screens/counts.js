// The open counts of this warehouse.

import { fill, h } from "../dom.js";
import { bigButton, card } from "../parts.js";
import { askAll } from "../server.js";
import { moment, nt, t } from "../texts.js";

const KINDS = {
  full: () => t("everything"),
  category: () => t("a category"),
  bins: () => t("some bins"),
  list: () => t("a list of items"),
};

export const screen = {
  path: /^counts$/,
  title: () => t("Counts"),
  async open(main, match, hall) {
    const here = encodeURIComponent(hall.session.warehouse);
    const { data, at, isFresh } = await askAll(`/api/v1/stock-counts/?state=open&warehouse__code=${here}`);
    const rows = data.map((count) => h("a", { class: "tile", href: `#/counts/${encodeURIComponent(count.number)}` },
      h("b", {}, count.note || count.number),
      h("span", {}, [count.number, KINDS[count.kind](), t("%(n)s of %(all)s counted", { n: count.counted, all: count.line_count })].join(" · "))));
    fill(main,
      isFresh ? null : h("p", { class: "soft" }, t("As of %(when)s: there is no connection.", { when: moment(at) })),
      rows.length ? h("nav", { class: "tiles wide" }, rows) : card({}, h("p", {}, t("No count is open here. Open one in the office, or count what is due today."))),
      rows.length ? h("p", { class: "soft" }, nt("One count is open.", "%(n)s counts are open.", rows.length)) : null,
      bigButton(t("Look again"), () => hall.go("counts"), { tone: "soft" }));
  },
};
