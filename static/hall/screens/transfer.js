// Receiving what another of our warehouses sent.

import { Arrival } from "../arrival.js";
import { day, listed, rowLink } from "../documents.js";
import { fill, h } from "../dom.js";
import { card, feel, said, scanBox } from "../parts.js";
import { nt, t } from "../texts.js";

const PATH = "/api/v1/transfers/";
const lists = ({ session }) => ["shipped", "partly_received"].map((state) => `${PATH}?destination__code=${encodeURIComponent(session.warehouse)}&state=${state}&page_size=100`);

const TRANSFER = {
  name: "transfer",
  path: PATH,
  lists,
  left: (line) => line.in_transit,
  from: (transfer) => t("%(number)s from %(place)s", { number: transfer.number, place: transfer.source }),
  takesDamage: false,
  takesFindings: false,
};

function factsOf(transfer) {
  const pieces = transfer.lines.reduce((sum, line) => sum + line.in_transit, 0);
  return [t("from %(place)s", { place: transfer.source }), [nt("one piece to come", "%(n)s pieces to come", pieces), transfer.expected_on ? t("expected %(day)s", { day: day(transfer.expected_on) }) : ""].filter(Boolean).join(" · ")];
}

export const list = {
  path: /^transfer$/,
  title: () => t("Receive a transfer"),
  async open(main, match, hall) {
    const { rows, note } = await listed(lists(hall));
    const find = (code) => {
      const found = rows.find((one) => one.number.toLowerCase() === code.toLowerCase());
      feel(Boolean(found));
      if (found) hall.go(`transfer/${found.number}`);
      else said(t("“%(code)s” is no transfer that is on its way here.", { code }), "bad");
    };
    const box = scanBox({ label: t("Scan a transfer"), onCode: find });
    fill(main, note ? h("p", { class: "soft" }, note) : null, box.element,
      rows.length ? h("nav", { class: "tiles wide" }, rows.map((one) => rowLink(`transfer/${one.number}`, one.number, ...factsOf(one)))) : card({}, h("p", {}, t("Nothing is on its way to this warehouse."))));
    return () => box.close();
  },
  async takeAlong(hall) {
    if (hall.session.warehouse && hall.may("stock.change_transfer")) await listed(lists(hall));
  },
};

export const screen = {
  path: /^transfer\/(.+)$/,
  title: () => t("Receive a transfer"),
  async open(main, [, number], hall) {
    const desk = new Arrival(main, hall, TRANSFER, number);
    await desk.begin();
    return () => desk.end();
  },
};
