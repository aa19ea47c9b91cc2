// Talking to the shop: who is logged in, what it says, and the copies that stand in where it cannot be reached.

import * as store from "./store.js";
import { t } from "./texts.js";

const PATIENCE = 20_000; // milliseconds; a dead spot often swallows an answer instead of refusing
const BRIEF = 5_000; // where a copy can stand in for it

export class Refused extends Error {
  constructor(status, sentence, code = "") {
    super(sentence);
    this.status = status;
    this.code = code;
  }
}
export class LoggedOut extends Error {}
export class Silent extends Error {}
export class Broken extends Silent {} // it answered, that something went wrong in it

let session = null;
const listeners = new Set();
export let isReached = true;

export function onReach(listener) {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function reached(now) {
  if (isReached === now) return;
  isReached = now;
  for (const listener of listeners) listener();
}

export function person() {
  return session;
}

async function call(path, options = {}, patience = PATIENCE) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), patience);
  try {
    const usual = { credentials: "same-origin", cache: "no-store", redirect: "error", signal: stop.signal };
    const answer = await fetch(path, { ...usual, ...options });
    const text = await answer.text();
    reached(true);
    return [answer, text];
  } catch {
    reached(false);
    throw new Silent(t("The server does not answer."));
  } finally {
    clearTimeout(timer);
  }
}

/** Every sentence of an answer of DRF, wherever it stands. */
function sentences(data) {
  if (typeof data === "string") return [data];
  if (Array.isArray(data)) return data.flatMap(sentences);
  if (!data || typeof data !== "object") return [];
  return Object.entries(data).filter(([name]) => name !== "code").flatMap(([, value]) => sentences(value));
}

function read(answer, text) {
  let data = null;
  try {
    data = JSON.parse(text);
  } catch {
    if (answer.ok) throw new Silent(t("The server does not answer.")); // a hotel's login page, a proxy's apology
  }
  if (answer.ok) return data;
  if (answer.status === 401) throw new LoggedOut(t("You are logged out."));
  // its token changed: the next attempt asks for it
  if (answer.status === 403 && /CSRF/.test(text)) throw new Silent(t("The server is busy."));
  if (answer.status === 500) throw new Broken(t("The server could not do this."));
  const isBusy = answer.status > 500 || [408, 429].includes(answer.status) || answer.headers.has("Retry-After");
  if (isBusy) throw new Silent(t("The server is busy."));
  const sentence = sentences(data).join(" ") || t("The server refused this (%(status)s).", { status: answer.status });
  throw new Refused(answer.status, sentence, data && data.code);
}

const clock = { offset: 0, error: Infinity, at: -Infinity };

/** By how much this device's clock is behind the server's, from the quickest answer of the last minutes. */
function compare(serverNow, asked, answered) {
  const error = (answered - asked) / 2;
  if (error > clock.error && answered - clock.at < 300_000 && answered >= clock.at) return;
  Object.assign(clock, { offset: serverNow - (asked + error), error, at: answered });
}

/** A moment of this device as the server's clock would have shown it. */
export function byServer(moment) {
  return new Date(Date.parse(moment) + clock.offset).toISOString();
}

/** Who is logged in here, as the server says it now; without an answer the last one who was, unless it `mustAnswer`. */
export async function findPerson({ mustAnswer = false } = {}) {
  const kept = mustAnswer ? null : session || (await store.get("notes", "session").catch(() => null));
  try {
    const asked = Date.now();
    const [answer, text] = await call("/count/session/", {}, kept ? BRIEF : PATIENCE);
    const found = read(answer, text);
    if (found.now) compare(found.now, asked, Date.now());
    if (!found.user) throw new LoggedOut(t("You are logged out."));
    session = found;
    await store.put("notes", { name: "session", ...session }).catch(() => null);
  } catch (error) {
    if (error instanceof LoggedOut) {
      session = null;
      throw error;
    }
    if (!kept) throw error;
    session = kept;
  }
  return session;
}

/** For the next one who takes this device; what this person entered waits here until they are back. */
export async function logOut() {
  await send("/count/logout/", {}, store.uuid());
  session = null;
  await store.remove("notes", "session").catch(() => null);
}

const underWay = new Map(); // what was asked and is not answered yet; a sheet of thousands of items takes its time

/** A row or a list of the API; the kept copy where there is no answer: {data, at, isFresh}. Who asks meanwhile shares it. */
export function ask(path) {
  const name = `${session ? session.user.id : ""} ${path}`;
  if (underWay.has(name)) return underWay.get(name);
  const answer = askAnew(path, name);
  underWay.set(name, answer);
  const done = () => underWay.get(name) === answer && underWay.delete(name);
  answer.then(done, done);
  return answer;
}

async function askAnew(path, name) {
  const copy = await store.get("copies", name).catch(() => null);
  try {
    const [answer, text] = await call(path, { headers: identity() }, copy ? BRIEF : PATIENCE);
    const data = read(answer, text);
    const at = Date.now();
    await store.put("copies", { path: name, data, at }).catch(() => null);
    return { data, at, isFresh: true };
  } catch (error) {
    if (!(error instanceof Silent)) throw error;
    if (copy) return { data: copy.data, at: copy.at, isFresh: false };
    throw error;
  }
}

/** Every page of a list. */
export async function askAll(path) {
  let { data, at, isFresh } = await ask(path);
  const rows = [...data.results];
  while (data.next) {
    const next = new URL(data.next);
    ({ data } = await ask(next.pathname + next.search));
    rows.push(...data.results);
  }
  return { data: rows, at, isFresh };
}

function identity() {
  // The server refuses what is meant for somebody else than who is logged in by now, in another tab for instance.
  return session ? { "X-Acting-As": String(session.user.id), "Accept-Language": document.documentElement.lang } : {};
}

/** Send a write once: the key makes a repetition harmless. */
export async function send(path, body, key) {
  const headers = { ...identity(), "Content-Type": "application/json", "X-CSRFToken": session ? session.csrf : "", "Idempotency-Key": key };
  try {
    const [answer, text] = await call(path, { method: "POST", headers, body: JSON.stringify(body) });
    return read(answer, text);
  } finally {
    underWay.clear(); // what is asked from now on should show it
  }
}

/** Copies that nobody asked for in a month. */
export async function tidy() {
  const oldest = Date.now() - 30 * 86_400_000;
  for (const copy of await store.all("copies")) if (copy.at < oldest) await store.remove("copies", copy.path);
}
