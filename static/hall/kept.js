// What a person has begun and not finished: it is there again when the page is, on this device and for this person.

import { person } from "./server.js";
import * as store from "./store.js";
import { said } from "./parts.js";
import { t } from "./texts.js";

const nameOf = (what) => `begun ${person() ? person().user.id : ""} ${what}`;

export async function begun(what) {
  const row = await store.get("notes", nameOf(what)).catch(() => null);
  return row ? row.value : null;
}

/** `work`, which a second tap does not begin again while it is under way. */
export function oneAtATime(work) {
  let isBusy = false;
  return async (...told) => {
    if (isBusy) return undefined;
    isBusy = true;
    try {
      return await work(...told);
    } finally {
      isBusy = false;
    }
  };
}

export function cannotKeep(error) {
  const why = error.name || error;
  return t("This could not be kept on the device (%(why)s). Write it down, and send what waits.", { why });
}

/** Keeps it at once; null forgets it. */
export async function keep(what, value) {
  try {
    if (value === null) await store.remove("notes", nameOf(what));
    else await store.put("notes", { name: nameOf(what), value });
  } catch (error) {
    said(cannotKeep(error), "bad");
  }
}
