// "Which item?": by a scan, by a part of its name, or without a connection by what its label says.

import { itemsOf } from "./documents.js";
import { fill, h } from "./dom.js";
import { card, choice, fact, feel, said, scanBox, softButton } from "./parts.js";
import { t } from "./texts.js";

/** {element, look(code), close()}; `onItem(item)` once one is meant. */
export function chooser({ hall, label, onItem, onOther = () => false }) {
  const found = h("div", {});
  let asked = 0;
  const chosen = (item) => {
    fill(found);
    onItem(item);
  };
  const look = async (code) => {
    const number = ++asked;
    if (onOther(code)) return undefined;
    try {
      const { items, isKnown } = await itemsOf(code, hall.session.warehouse);
      if (number !== asked) return undefined;
      feel(items.length > 0);
      said(isKnown ? "" : t("There is no connection: “%(code)s” is looked up when this is sent.", { code }), "soft");
      if (items.length === 1) return chosen(items[0]);
      const rows = items.map((item) => choice(() => chosen(item), item.name, fact(item.product)));
      return fill(found, items.length
        ? h("ul", { class: "entries" }, rows)
        : card({}, h("p", {}, t("Nobody knows “%(code)s”.", { code })), softButton(t("Scan again"), () => fill(found))));
    } catch (error) {
      feel(false);
      return said(error.message, "bad");
    }
  };
  const box = scanBox({ label, onCode: look });
  return { element: h("div", {}, box.element, found), look, close: () => { asked += 1; box.close(); } };
}
