// Where a shift begins: what is to be done here, and where "here" is.

import { fill, h } from "../dom.js";
import { card, said, soft, softButton } from "../parts.js";
import { takeScans } from "../scans.js";
import * as server from "../server.js";
import { LANGUAGES, spoken, t } from "../texts.js";

const TILES = [
  { to: "counts", label: () => t("Count"), hint: () => t("what lies there"), needs: "stock.change_stockcount" },
  { to: "pick", label: () => t("Pick"), hint: () => t("what was sold"), needs: "orders.change_salesorder" },
  { to: "receive", label: () => t("Receive"), hint: () => t("what was bought"), needs: "orders.receive_purchaseorder" },
  { to: "transfer", label: () => t("Transfer"), hint: () => t("what our others sent"), needs: "stock.change_transfer" },
  { to: "look", label: () => t("Look up"), hint: () => t("where, how many, what comes"), needs: "stock.view_stocklevel" },
  { to: "damage", label: () => t("Damaged"), hint: () => t("or thrown away, with a photo"), needs: "stock.add_setaside" },
  { to: "move", label: () => t("Move"), hint: () => t("to another bin"), needs: "stock.change_bin" },
  { to: "inspect", label: () => t("Returns"), hint: () => t("look at what came back"), needs: "orders.change_return" },
];

function drawWarehouses(hall) {
  const { warehouses, warehouse } = hall.session;
  if (warehouses.length < 2) return soft(warehouses[0]?.name || t("You have access to no warehouse yet. Ask its manager."));
  const options = warehouses.map((one) => h("option", { value: one.code, selected: one.code === warehouse }, one.name));
  const chosen = (event) => hall.chooseWarehouse(event.target.value);
  return h("label", { class: "field" }, t("Warehouse"), h("select", { id: "warehouse", onchange: chosen }, options));
}

function drawLanguages(hall) {
  const known = Object.entries(LANGUAGES);
  const options = known.map(([code, name]) => h("option", { value: code, selected: code === spoken() }, name));
  const chosen = (event) => hall.chooseLanguage(event.target.value);
  return h("label", { class: "field" }, t("Language"), h("select", { id: "language", onchange: chosen }, options));
}

async function logOut() {
  try {
    await server.logOut();
    location.href = "/count/login/";
  } catch (error) {
    said(error.message, "bad");
  }
}

function drawTile({ to, label, hint }) {
  return h("a", { class: "tile", href: `#/${to}` }, h("b", {}, label()), h("span", {}, hint()));
}

export const screen = {
  path: /^$/,
  title: () => t("Warehouse"),
  async open(main, match, hall) {
    fill(main, drawWarehouses(hall),
      h("nav", { class: "tiles" }, TILES.filter((tile) => hall.may(tile.needs)).map(drawTile)),
      card({ tone: "plain" }, drawLanguages(hall),
        soft(t("Logged in as %(name)s.", { name: hall.session.user.name })),
        softButton(t("Log out: somebody else takes this device"), logOut),
        h("a", { class: "link", href: "/admin/" }, t("To the office (admin)"))));
    return hall.may("stock.view_stocklevel") ? takeScans((code) => hall.go(`look/${encodeURIComponent(code)}`)) : null;
  },
};
