// Receiving what was bought.

import { Arrival } from "../arrival.js";
import { atDesk } from "../desk.js";
import { comingLink, drawList, linesOf, listed } from "../documents.js";
import { h } from "../dom.js";
import { card, feel, said } from "../parts.js";
import { t } from "../texts.js";

const PATH = "/api/v1/purchase-orders/";
const lists = ({ session }) => ["confirmed", "partly_received"].map((state) =>
  `${PATH}?warehouse__code=${encodeURIComponent(session.warehouse)}&state=${state}&ordering=expected_on&page_size=100`);

const PURCHASE = {
  name: "receive",
  path: PATH,
  lists,
  left: (line) => line.outstanding,
  from: (order) => `${order.number} · ${order.supplier_name}`,
  takesDamage: true,
  takesFindings: true,
};

function isNamed(order, code) {
  return [order.number, order.reference].some((name) => name && name.toLowerCase() === code.toLowerCase());
}

/** By the number on the delivery note, or by what is in the box. */
function find(orders, code, hall) {
  const named = orders.filter((order) => isNamed(order, code));
  const isExpected = (order) => linesOf(order.lines, code).some((line) => line.outstanding);
  const found = named.length ? named : orders.filter(isExpected);
  feel(found.length > 0);
  if (found.length === 1) return hall.go(`receive/${found[0].number}`);
  return found.length
    ? said(t("“%(code)s” is on several orders. Choose the one on the delivery note.", { code }))
    : said(t("“%(code)s” is on no order that is expected here.", { code }), "bad");
}

export const list = {
  path: /^receive$/,
  title: () => t("Receive"),
  async open(main, match, hall) {
    const { rows, note } = await listed(lists(hall));
    return drawList(main, {
      label: t("Scan order or item"),
      onCode: (code) => find(rows, code, hall),
      note,
      links: rows.map((order) => comingLink(PURCHASE, order, order.supplier_name)),
      none: card({}, h("p", {}, t("Nothing is on order for this warehouse."))),
    });
  },
  async takeAlong(hall) {
    if (hall.session.warehouse && hall.may("orders.receive_purchaseorder")) await listed(lists(hall));
  },
};

export const screen = {
  path: /^receive\/(.+)$/,
  title: () => t("Receive"),
  open: atDesk((main, hall, number) => new Arrival(main, hall, PURCHASE, number)),
};
