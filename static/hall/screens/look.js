// Looking an item up: where it lies, how many there are, what is coming.

import { day } from "../documents.js";
import { fill, h } from "../dom.js";
import { ageOf, card, feel, said, scanBox } from "../parts.js";
import { ask } from "../server.js";
import { nt, t } from "../texts.js";

const SHOWN = 25;

function figure(label, value, tone = "") {
  return h("div", { class: `figure ${tone}` }, h("b", {}, String(value)), h("span", {}, label));
}

function drawLevel(level) {
  return h("div", { class: "figures" }, figure(t("on the shelf"), level.on_hand - level.picked), figure(t("free to sell"), level.available),
    figure(t("promised"), level.allocated), figure(t("not for sale"), level.unsellable, level.unsellable ? "bad" : ""));
}

const nameOf = (hall, code) => hall.session.warehouses.find((one) => one.code === code)?.name || code;

function drawComing(one, hall) {
  const what = one.kind === "purchase" ? t("%(n)s bought, %(number)s", { n: one.quantity, number: one.number }) : t("%(n)s on the way, %(number)s", { n: one.quantity, number: one.number });
  return h("li", { class: "entry" }, h("b", {}, what), h("span", { class: "soft" }, one.on ? t("%(day)s to %(place)s", { day: day(one.on), place: nameOf(hall, one.warehouse) }) : t("to %(place)s, no day known", { place: nameOf(hall, one.warehouse) })));
}

function drawItem(item, hall) {
  const here = item.here[0];
  const bins = here ? here.bins : [];
  const mayMove = hall.may("stock.change_bin");
  return [
    card({ tone: "open", id: "item" }, h("h2", {}, item.name), h("p", { class: "soft" }, [item.product, item.barcode].filter(Boolean).join(" · ")),
      h("p", { class: "place" }, bins.length ? bins.map((one) => one.bin).join(", ") : t("no bin known")),
      here ? drawLevel(here) : h("p", {}, t("There was never any of it in this warehouse.")),
      here && here.picked ? h("p", { class: "soft" }, nt("One more is picked and not sent off yet.", "%(n)s more are picked and not sent off yet.", here.picked)) : null,
      item.is_active ? null : h("p", { class: "bad" }, t("It is no longer bought."))),
    h("div", { class: "acts" },
      hall.may("stock.add_setaside") ? h("a", { class: "big soft", href: `#/damage/${encodeURIComponent(item.product)}` }, t("Damaged")) : null,
      mayMove ? h("a", { class: "big soft", href: `#/move/${encodeURIComponent(item.product)}` }, t("Move")) : null),
    item.coming.length ? h("h2", {}, t("Coming")) : null,
    h("ul", { class: "entries" }, item.coming.map((one) => drawComing(one, hall))),
    item.elsewhere.length ? h("h2", {}, t("Elsewhere")) : null,
    h("ul", { class: "entries" }, item.elsewhere.map((level) => h("li", { class: "entry" }, h("b", {}, nameOf(hall, level.warehouse)), h("span", { class: "soft" }, t("%(n)s there, %(free)s free to sell", { n: level.on_hand, free: level.available }))))),
  ];
}

export const screen = {
  path: /^look(?:\/(.+))?$/,
  title: () => t("Look up"),
  async open(main, [, code], hall) {
    const found = h("div", { id: "found" });
    let asked = 0;
    const look = async (wanted) => {
      const number = ++asked;
      const path = `/api/v1/lookup/?warehouse=${encodeURIComponent(hall.session.warehouse)}&page_size=${SHOWN}&code=${encodeURIComponent(wanted)}`;
      try {
        const { data, at, isFresh } = await ask(path);
        if (number !== asked) return;
        feel(data.count > 0);
        said(ageOf({ at, isFresh }), "soft");
        if (data.count === 1) return fill(found, drawItem(data.results[0], hall));
        return fill(found, data.count
          ? [h("p", { class: "soft" }, data.count > SHOWN ? t("%(n)s items; the first %(shown)s:", { n: data.count, shown: SHOWN }) : nt("One item", "%(n)s items", data.count)),
            h("ul", { class: "entries" }, data.results.map((item) => h("li", {}, h("button", { type: "button", class: "pick", onclick: () => fill(found, drawItem(item, hall)) }, h("b", {}, item.name), h("span", { class: "soft" }, item.product)))))]
          : card({}, h("p", {}, t("Nobody knows “%(code)s”.", { code: wanted }))));
      } catch (error) {
        feel(false);
        return said(error.message, "bad");
      }
    };
    const box = scanBox({ label: t("Scan or type an item"), onCode: look });
    fill(main, box.element, found);
    if (code) await look(code);
    return () => { asked += 1; box.close(); };
  },
};
