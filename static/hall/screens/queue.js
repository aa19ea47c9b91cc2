// What this device has not sent, why, and what came back.

import { fill, h } from "../dom.js";
import { bigButton, card, said } from "../parts.js";
import * as queue from "../queue.js";
import { person } from "../server.js";
import { moment, t } from "../texts.js";

const STATES = {
  draft: () => t("being typed"),
  waiting: () => t("waits for a connection"),
  held: () => t("refused"),
  kept: () => t("kept for a manager"),
  sent: () => t("sent"),
};

function row(entry) {
  const me = person();
  const isOthers = !me || entry.owner !== me.user.id;
  const acts = queue.UNSENT.includes(entry.state) ? h("div", { class: "acts" },
    entry.state === "held" && !isOthers ? bigButton(t("Send again"), () => queue.again(entry.seq), { tone: "soft" }) : null,
    bigButton(t("Throw away"), () => throwAway(entry), { tone: "soft" })) : null;
  return h("li", { class: `entry ${entry.state}`, "data-uuid": entry.uuid },
    h("b", {}, entry.title),
    h("span", { class: "soft" }, `${moment(entry.at)} · ${STATES[entry.state]()}`),
    isOthers ? h("span", { class: "bad" }, t("Of %(name)s: it is sent when %(name)s is logged in here.", { name: entry.ownerName })) : null,
    entry.sentence ? h("span", { class: "bad" }, entry.sentence) : null, acts);
}

async function throwAway(entry) {
  if (!confirm(t("Throw away “%(title)s”? It was not sent, and cannot be brought back.", { title: entry.title }))) return;
  if (!(await queue.drop(entry.seq))) said(t("It is under way: the server may have it already. Correct it once it is sent."), "bad");
}

export const screen = {
  path: /^queue$/,
  title: () => t("Unsent entries"),
  async open(main) {
    const draw = (rows) => {
      const unsent = rows.filter((entry) => queue.UNSENT.includes(entry.state));
      const others = rows.filter((entry) => !queue.UNSENT.includes(entry.state)).reverse().slice(0, 50);
      fill(main,
        unsent.length ? h("ul", { class: "entries" }, unsent.map(row)) : card({ tone: "good" }, h("p", {}, t("Everything is sent."))),
        unsent.length ? bigButton(t("Send now"), queue.sendSoon, { tone: "good" }) : null,
        others.length ? h("h2", {}, t("Sent today")) : null,
        h("ul", { class: "entries" }, others.map(row)));
    };
    draw(await queue.entries());
    return queue.onChange(draw);
  },
};
