// Receiving what another of our warehouses sent.

import { Arrival } from "../arrival.js";
import { atDesk } from "../desk.js";
import { comingLink, drawList, listed } from "../documents.js";
import { h } from "../dom.js";
import { card, feel, said } from "../parts.js";
import { t } from "../texts.js";

const PATH = "/api/v1/transfers/";
const lists = ({ session }) => ["shipped", "partly_received"].map((state) =>
  `${PATH}?destination__code=${encodeURIComponent(session.warehouse)}&state=${state}&page_size=100`);

const TRANSFER = {
  name: "transfer",
  path: PATH,
  lists,
  left: (line) => line.in_transit,
  from: (transfer) => t("%(number)s from %(place)s", { number: transfer.number, place: transfer.source }),
  takesDamage: false,
  takesFindings: false,
};

function find(transfers, code, hall) {
  const found = transfers.find((one) => one.number.toLowerCase() === code.toLowerCase());
  feel(Boolean(found));
  if (found) hall.go(`transfer/${found.number}`);
  else said(t("“%(code)s” is no transfer that is on its way here.", { code }), "bad");
}

export const list = {
  path: /^transfer$/,
  title: () => t("Receive a transfer"),
  async open(main, match, hall) {
    const { rows, note } = await listed(lists(hall));
    return drawList(main, {
      label: t("Scan a transfer"),
      onCode: (code) => find(rows, code, hall),
      note,
      links: rows.map((one) => comingLink(TRANSFER, one, t("from %(place)s", { place: one.source }))),
      none: card({}, h("p", {}, t("Nothing is on its way to this warehouse."))),
    });
  },
  async takeAlong(hall) {
    if (hall.session.warehouse && hall.may("stock.change_transfer")) await listed(lists(hall));
  },
};

export const screen = {
  path: /^transfer\/(.+)$/,
  title: () => t("Receive a transfer"),
  open: atDesk((main, hall, number) => new Arrival(main, hall, TRANSFER, number)),
};
