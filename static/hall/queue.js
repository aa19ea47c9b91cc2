// What people entered, kept until the server has it, and sent in the order in which it was made.
//
// An entry is {seq, uuid, owner, kind: "count" | "act", state, title, at, …}. States:
//   draft    still being typed; it is kept, and sent when the person goes on
//   waiting  to be sent
//   held     refused by the server; `sentence` says why, and a person sends it again or drops it
//   sent     the server has it (of counts these are shown until they are a day old)
//   kept     the server has it and a manager has to settle it; `sentence` says why

import { Broken, LoggedOut, Refused, byServer, findPerson, person, send } from "./server.js";
import * as store from "./store.js";

const AT_ONCE = 200;
const MOST_BREAKS = 2; // an entry that breaks the server again and again is held, so that the others go on
const SHOWN_FOR = 86_400_000; // milliseconds
const PAUSES = [2_000, 4_000, 8_000, 15_000]; // while nobody answers
export const UNSENT = ["draft", "waiting", "held"];

const TAB = store.uuid();
const lockOf = (tab) => `shelfwise-tab-${tab}`;
if (navigator.locks) navigator.locks.request(lockOf(TAB), () => new Promise(() => {})); // held while the tab lives

const listeners = new Set();
const refusalListeners = new Set();
const tabs = "BroadcastChannel" in self ? new BroadcastChannel("shelfwise-queue") : null;
let isSending = false;
let isAskedAgain = false;
let failures = 0;
let timer = 0;
export let isLoggedOut = false;

export function onChange(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

export function onRefusal(listener) {
  refusalListeners.add(listener);
}

let mirror = null; // of the store: it is asked for at every change, by several parts of the page

async function told() {
  mirror = null;
  if (tabs) tabs.postMessage("changed");
  await tellHere();
}

async function tellHere() {
  const rows = await entries();
  for (const listener of [...listeners]) listener(rows);
}

export async function entries() {
  mirror = mirror || store.all("entries");
  try {
    return await mirror;
  } catch (error) {
    mirror = null;
    throw error;
  }
}

/** Those that the server does not have yet, of everybody who used this device. */
export async function unsent() {
  return (await entries()).filter((entry) => UNSENT.includes(entry.state));
}

async function add(entry) {
  const { id: owner, name: ownerName } = person().user;
  const row = { uuid: store.uuid(), owner, ownerName, at: new Date().toISOString(), state: "waiting", tab: TAB, ...entry };
  await store.put("entries", row);
  await told();
  if (row.state === "waiting") sendSoon();
  return row;
}

/** A count of one item: a draft until `done`. */
export function count({ number, code, counted, bin = "", title, isDraft = false }) {
  return add({ kind: "count", number, code, counted, bin, title, state: isDraft ? "draft" : "waiting" });
}

/** A write of the API; `title` is what the person reads of it; `isTimed`: the server is told when it was done. */
export function act({ path, body, title, subject = null, isTimed = false }) {
  return add({ kind: "act", path, body, title, subject, isTimed });
}

/** Change a draft: the moment of a count is that of its last change. False where it is none any more: another tab finished it. */
export async function redraft(seq, counted, title) {
  let isDraft = false;
  await store.change("entries", seq, (row) => {
    isDraft = row.state === "draft";
    return isDraft ? { ...row, counted, title, at: new Date().toISOString() } : row;
  });
  await told();
  return isDraft;
}

/** Its person took it back; the server is told by an act of its own. */
export async function withdraw(seq) {
  await store.change("entries", seq, (row) => ({ ...row, isWithdrawn: true }));
  await told();
}

/** The draft is finished. */
export async function done(seq) {
  await store.change("entries", seq, finished);
  await told();
  sendSoon();
}

const finished = (row) => (row.state === "draft" ? { ...row, state: "waiting" } : row);

/** Drafts of a tab that was closed are as good as finished; those of one that is open are its own. */
export async function finishDrafts() {
  const open = navigator.locks ? (await navigator.locks.query()).held.map((lock) => lock.name) : [];
  for (const row of await entries()) {
    if (row.state === "draft" && !open.includes(lockOf(row.tab))) await store.change("entries", row.seq, finished);
  }
  await told();
}

/** Take one back that the server does not have; true if it was still here. */
export async function drop(seq) {
  let isGone = false;
  await store.change("entries", seq, (row) => {
    isGone = UNSENT.includes(row.state) && !row.isUnderWay;
    return isGone ? null : row;
  });
  await told();
  return isGone;
}

export async function again(seq) {
  await store.change("entries", seq, (row) => (row.state === "held" ? { ...row, state: "waiting", sentence: "", breaks: 0 } : row));
  await told();
  sendSoon();
}

export function sendSoon() {
  clearTimeout(timer);
  timer = setTimeout(sendNow, 0);
}

/** One tab sends at a time; two at once would do no harm, but cost the connection. */
async function sendNow() {
  if (isSending) {
    isAskedAgain = true;
    return;
  }
  isSending = true;
  try {
    if (navigator.locks) await navigator.locks.request("shelfwise-send", { ifAvailable: true }, (lock) => (lock ? sendAll() : null));
    else await sendAll();
    failures = 0;
  } catch (error) {
    isLoggedOut = error instanceof LoggedOut;
    failures += 1;
  } finally {
    isSending = false;
    await tellHere();
  }
  plan();
}

async function plan() {
  clearTimeout(timer);
  const isWaiting = (await mine()).length > 0;
  if (isAskedAgain && isWaiting && !failures) timer = setTimeout(sendNow, 0);
  else if (isWaiting) timer = setTimeout(sendNow, PAUSES[Math.min(failures, PAUSES.length) - 1] || PAUSES[0]);
  isAskedAgain = false;
}

async function mine() {
  const me = person();
  return (await entries()).filter((entry) => entry.state === "waiting" && me && entry.owner === me.user.id);
}

async function sendAll() {
  if ((await entries()).every((entry) => entry.state !== "waiting")) return;
  await findPerson({ mustAnswer: true });
  isLoggedOut = false;
  for (let batch = await nextBatch(); batch.length; batch = await nextBatch()) await sendBatch(batch);
  await tidy();
}

/** Counts of one stock count go together; acts one by one. */
async function nextBatch() {
  const [first, ...rest] = await mine();
  if (!first) return [];
  if (first.kind === "act" || first.isAlone) return [first];
  const batch = [first];
  for (const entry of rest) {
    if (entry.kind !== "count" || entry.number !== first.number || entry.isAlone || batch.length === AT_ONCE) break;
    batch.push(entry);
  }
  return batch;
}

async function sendBatch(batch) {
  // What is under way cannot be dropped any more: the server may have it although no answer came.
  await Promise.all(batch.map((entry) => store.change("entries", entry.seq, (row) => ({ ...row, isUnderWay: true }))));
  mirror = null;
  try {
    if (batch[0].kind === "act") await sendAct(batch[0]);
    else await sendCounts(batch);
    failures = 0;
  } catch (error) {
    const isBroken = error instanceof Broken;
    if (!isBroken && !(error instanceof Refused)) throw error;
    if (isBroken && batch.length === 1 && (batch[0].breaks || 0) < MOST_BREAKS) {
      await settle(batch[0], { breaks: (batch[0].breaks || 0) + 1 });
      throw error;
    }
    if (batch.length > 1) await Promise.all(batch.map((entry) => settle(entry, { isAlone: true })));
    else await refuse(batch[0], { state: "held", sentence: error.message });
  }
  await told();
}

async function sendAct(entry) {
  let { body } = entry;
  if (entry.isTimed) {
    // By now the device's clock is compared with the server's, and from now on the body stays what it is: its key says so.
    body = { ...body, at: byServer(entry.at) };
    await settle(entry, { body, isTimed: false, isUnderWay: true });
  }
  await send(entry.path, body, entry.uuid);
  await settle(entry, { state: "sent", sentAt: Date.now(), body: null });
}

async function sendCounts(batch) {
  const told = batch.map(({ uuid, code, counted, at, bin }) => ({ uuid, code, counted, captured_at: byServer(at), bin }));
  const answer = await send(`/api/v1/stock-counts/${encodeURIComponent(batch[0].number)}/lines/`, { entries: told }, store.uuid());
  const byUuid = new Map(answer.entries.map((one) => [one.uuid, one]));
  for (const entry of batch) {
    const one = byUuid.get(entry.uuid);
    const sentAt = Date.now();
    if (one?.state === "kept") await refuse(entry, { state: "kept", problem: one.code, sentence: one.detail, sentAt });
    else if (one) await settle(entry, { state: "sent", sentAt });
  }
}

/** A person has to know at once: what they read when they entered it was that all is well. */
async function refuse(entry, changes) {
  await settle(entry, changes);
  for (const listener of refusalListeners) listener({ ...entry, ...changes });
}

function settle(entry, changes) {
  mirror = null;
  return store.change("entries", entry.seq, (row) => ({ ...row, isUnderWay: false, ...changes }));
}

async function tidy() {
  for (const entry of await entries()) {
    if (["sent", "kept"].includes(entry.state) && entry.sentAt < Date.now() - SHOWN_FOR) await store.remove("entries", entry.seq);
  }
  mirror = null;
}

/** Begin to send whenever that may work again. */
export function start() {
  if (tabs) tabs.onmessage = () => { mirror = null; return tellHere(); };
  addEventListener("online", () => { failures = 0; sendSoon(); });
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && sendSoon());
  sendSoon();
}
