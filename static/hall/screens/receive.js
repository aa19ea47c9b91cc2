// Receiving what was bought.

import { Arrival } from "../arrival.js";
import { day, linesOf, listed, rowLink } from "../documents.js";
import { fill, h } from "../dom.js";
import { card, feel, said, scanBox } from "../parts.js";
import { nt, t } from "../texts.js";

const PATH = "/api/v1/purchase-orders/";
const lists = ({ session }) => ["confirmed", "partly_received"].map((state) => `${PATH}?warehouse__code=${encodeURIComponent(session.warehouse)}&state=${state}&ordering=expected_on&page_size=100`);

const PURCHASE = {
  name: "receive",
  path: PATH,
  lists,
  left: (line) => line.outstanding,
  from: (order) => `${order.number} · ${order.supplier_name}`,
  takesDamage: true,
  takesFindings: true,
};

function factsOf(order) {
  const pieces = order.lines.reduce((sum, line) => sum + line.outstanding, 0);
  return [order.supplier_name, [nt("one piece to come", "%(n)s pieces to come", pieces), order.expected_on ? t("expected %(day)s", { day: day(order.expected_on) }) : ""].filter(Boolean).join(" · ")];
}

/** By the number on the delivery note, or by what is in the box. */
function find(orders, code, hall) {
  const named = orders.filter((order) => [order.number, order.reference].some((name) => name && name.toLowerCase() === code.toLowerCase()));
  const found = named.length ? named : orders.filter((order) => linesOf(order.lines, code).some((line) => line.outstanding));
  feel(found.length > 0);
  if (found.length === 1) return hall.go(`receive/${found[0].number}`);
  return said(found.length ? t("“%(code)s” is on several orders. Choose the one on the delivery note.", { code }) : t("“%(code)s” is on no order that is expected here.", { code }), found.length ? "" : "bad");
}

export const list = {
  path: /^receive$/,
  title: () => t("Receive"),
  async open(main, match, hall) {
    const { rows, note } = await listed(lists(hall));
    const box = scanBox({ label: t("Scan order or item"), onCode: (code) => find(rows, code, hall) });
    fill(main, note ? h("p", { class: "soft" }, note) : null, box.element,
      rows.length ? h("nav", { class: "tiles wide" }, rows.map((order) => rowLink(`receive/${order.number}`, order.number, ...factsOf(order)))) : card({}, h("p", {}, t("Nothing is on order for this warehouse."))));
    return () => box.close();
  },
  async takeAlong(hall) {
    if (hall.session.warehouse && hall.may("orders.receive_purchaseorder")) await listed(lists(hall));
  },
};

export const screen = {
  path: /^receive\/(.+)$/,
  title: () => t("Receive"),
  async open(main, [, number], hall) {
    const desk = new Arrival(main, hall, PURCHASE, number);
    await desk.begin();
    return () => desk.end();
  },
};
