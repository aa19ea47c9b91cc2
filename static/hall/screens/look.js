// Looking an item up: where it lies, how many there are, what is coming.

import { LOOKED_UP, day, lookupPath } from "../documents.js";
import { fill, h } from "../dom.js";
import { acts, ageOf, card, choice, entryRow, fact, feel, linkTo, listOf, said, scanBox, soft } from "../parts.js";
import { Silent, ask } from "../server.js";
import { nt, t } from "../texts.js";

function figure(label, value, tone = "") {
  return h("div", { class: `figure ${tone}` }, h("b", {}, String(value)), h("span", {}, label));
}

function drawLevel(level) {
  return h("div", { class: "figures" },
    figure(t("on the shelf"), level.on_hand - level.picked), figure(t("free to sell"), level.available),
    figure(t("promised"), level.allocated), figure(t("not for sale"), level.unsellable, level.unsellable ? "bad" : ""));
}

const nameOf = (hall, code) => hall.session.warehouses.find((one) => one.code === code)?.name || code;

function drawComing({ kind, quantity: n, number, on, warehouse }, hall) {
  const title = kind === "purchase"
    ? t("%(n)s bought, %(number)s", { n, number })
    : t("%(n)s on the way, %(number)s", { n, number });
  const place = nameOf(hall, warehouse);
  const when = on ? t("%(day)s to %(place)s", { day: day(on), place }) : t("to %(place)s, no day known", { place });
  return entryRow({ title }, fact(when));
}

function drawElsewhere(level, hall) {
  return entryRow({ title: nameOf(hall, level.warehouse) },
    fact(t("%(n)s there, %(free)s free to sell", { n: level.on_hand, free: level.available })));
}

function drawItem(item, hall) {
  const here = item.here[0];
  const bins = (here ? here.bins : []).map((one) => one.bin);
  const picked = () => nt("One more is picked and not sent off yet.", "%(n)s more are picked and not sent off yet.", here.picked);
  return [
    card({ tone: "open", id: "item" }, h("h2", {}, item.name), soft(item.product, item.barcode),
      h("p", { class: "place" }, bins.join(", ") || t("no bin known")),
      here ? drawLevel(here) : h("p", {}, t("There was never any of it in this warehouse.")),
      here && here.picked ? soft(picked()) : null,
      item.is_active ? null : h("p", { class: "bad" }, t("It is no longer bought."))),
    acts(
      hall.may("stock.add_setaside") ? linkTo(`damage/${encodeURIComponent(item.product)}`, t("Damaged")) : null,
      hall.may("stock.change_bin") ? linkTo(`move/${encodeURIComponent(item.product)}`, t("Move")) : null),
    listOf(t("Coming"), item.coming.map((one) => drawComing(one, hall))),
    listOf(t("Elsewhere"), item.elsewhere.map((level) => drawElsewhere(level, hall))),
  ];
}

/** What was found in `place`: the item itself where it is one. */
function drawFound(place, { count, results }, code, hall) {
  const show = (item) => fill(place, drawItem(item, hall));
  if (count === 1) return show(results[0]);
  if (!count) return fill(place, card({}, h("p", {}, t("Nobody knows an item “%(code)s”. Bins are not looked up here.", { code }))));
  const size = count > LOOKED_UP
    ? t("%(n)s items; the first %(shown)s:", { n: count, shown: LOOKED_UP })
    : nt("One item", "%(n)s items", count);
  const rows = results.map((item) => choice(() => show(item), item.name, fact(item.product)));
  return fill(place, soft(size), h("ul", { class: "entries" }, rows));
}

export const screen = {
  path: /^look(?:\/(.+))?$/,
  title: () => t("Look up"),
  async open(main, [, code], hall) {
    const found = h("div", { id: "found" });
    let asked = 0;
    const look = async (wanted) => {
      const number = ++asked;
      try {
        const { data, at, isFresh } = await ask(lookupPath(wanted, hall.session.warehouse));
        if (number !== asked) return;
        feel(data.count > 0);
        said(ageOf({ at, isFresh }), "soft");
        drawFound(found, data, wanted, hall);
      } catch (error) {
        feel(false);
        const isSilent = error instanceof Silent;
        if (isSilent) box.field.value = wanted; // it can be asked again
        const unknown = () => t("There is no connection, and “%(code)s” was not looked up here before.", { code: wanted });
        said(isSilent ? unknown() : error.message, "bad");
      }
    };
    const box = scanBox({ label: t("Scan or type an item"), onCode: look });
    fill(main, box.element, found);
    if (code) await look(code);
    return () => { asked += 1; box.close(); };
  },
};
