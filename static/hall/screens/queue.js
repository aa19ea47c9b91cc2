// What this device has not sent, why, and what came back.

import { fill, h } from "../dom.js";
import { acts, bad, bigButton, card, entryRow, fact, listOf, said, softButton } from "../parts.js";
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
  const whose = { name: entry.ownerName };
  return entryRow(entry,
    fact(`${moment(entry.at)} · ${STATES[entry.state]()}`),
    isOthers ? bad(t("Of %(name)s: it is sent when %(name)s is logged in here.", whose)) : null,
    bad(entry.sentence),
    queue.UNSENT.includes(entry.state) ? acts(
      entry.state === "held" && !isOthers ? softButton(t("Send again"), () => queue.again(entry.seq)) : null,
      softButton(t("Throw away"), () => throwAway(entry))) : null);
}

async function throwAway(entry) {
  const { title } = entry;
  if (!confirm(t("Throw away “%(title)s”? It was not sent, and cannot be brought back.", { title }))) return;
  if (await queue.drop(entry.seq)) return;
  said(t("It is under way: the server may have it already. Correct it once it is sent."), "bad");
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
        listOf(t("Sent today"), others.map(row)));
    };
    draw(await queue.entries());
    return queue.onChange(draw);
  },
};
