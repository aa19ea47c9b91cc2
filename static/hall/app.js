// The phone's page: who is here, what waits to be sent, and one screen at a time.

import { fill, h } from "./dom.js";
import { bigButton, card, feel, icon, linkTo, said, softButton } from "./parts.js";
import * as queue from "./queue.js";
import { hold, release, scanned } from "./scans.js";
import * as server from "./server.js";
import * as store from "./store.js";
import { LANGUAGES, nt, speak, spoken, t } from "./texts.js";
import { listen } from "./wedge.js";
import { screen as home } from "./screens/home.js";
import { screen as counts } from "./screens/counts.js";
import { screen as count } from "./screens/count.js";
import { screen as damage } from "./screens/damage.js";
import { list as returns, screen as inspect } from "./screens/inspect.js";
import { screen as look } from "./screens/look.js";
import { screen as move } from "./screens/move.js";
import { list as picks, screen as pick } from "./screens/pick.js";
import { screen as waiting } from "./screens/queue.js";
import { list as deliveries, screen as receive } from "./screens/receive.js";
import { list as transfers, screen as transfer } from "./screens/transfer.js";

const SCREENS = [
  home, counts, count, picks, pick, deliveries, receive, transfers, transfer, look, damage, move, returns, inspect, waiting,
];

const header = document.getElementById("header");
const notices = document.getElementById("notices");
const main = document.getElementById("main");

let leave = null;
let drawn = 0;

const hall = {
  session: null,
  go(path) {
    if (location.hash === `#/${path}`) show();
    else location.hash = `#/${path}`;
  },
  async chooseWarehouse(code) {
    hall.session.warehouse = code;
    await store.put("notes", { name: "warehouse", code });
    takeAlong();
  },
  async chooseLanguage(language) {
    await store.put("notes", { name: "language", code: language });
    await speak(language);
    await show();
  },
  may: (permission) => Boolean(hall.session) && hall.session.may.includes(permission),
};

/** What screens want to have at hand in a dead spot, also of somebody who never opened them. */
async function takeAlong() {
  if (!hall.session || !server.isReached) return;
  for (const screen of SCREENS) await screen.takeAlong?.(hall).catch(() => null);
}

const place = () => location.hash.replace(/^#\/?/, "");

function path() {
  try {
    return decodeURIComponent(place());
  } catch {
    return ""; // an address that somebody typed
  }
}

async function show() {
  const number = ++drawn;
  hold();
  await draw(number);
  if (number === drawn) release(notUsed);
}

/** What was entered looked well when it was; now it has to be seen, on whatever screen its person is. */
function drawRefusal({ title, sentence }) {
  feel(false);
  const why = t("Refused: %(what)s. %(why)s", { what: title, why: sentence });
  said(why, "bad", h("a", { class: "link", href: "#/queue" }, t("Show what waits")));
}

function notUsed(code) {
  feel(false);
  said(t("“%(code)s” was not used: nothing is scanned on this screen. Open what it is for, and scan it again.", { code }), "bad");
}

async function draw(number) {
  if (leave) await leave();
  leave = null;
  said("");
  const match = SCREENS.map((screen) => [screen, screen.path.exec(path())]).find(([, found]) => found);
  const [screen, found] = match || [home, []];
  drawHeader(screen);
  fill(main);
  scrollTo(0, 0);
  if (!hall.session && screen !== waiting) return drawLogin();
  try {
    const left = await screen.open(main, found, hall);
    if (number === drawn) leave = left || null;
    else if (left) await left(); // another screen was asked for meanwhile
  } catch (error) {
    if (number === drawn) drawTrouble(error);
  }
}

function drawTrouble(error) {
  if (error instanceof server.LoggedOut) {
    hall.session = null;
    return drawLogin();
  }
  const isSilent = error instanceof server.Silent;
  const sentence = isSilent
    ? t("There is no connection, and this was not opened here before. It will be kept once it was.")
    : error.message;
  fill(main, card({ tone: "bad" }, h("p", {}, sentence),
    bigButton(t("Try again"), show),
    softButton(t("Back to the start"), () => hall.go(""))));
  if (!isSilent && !(error instanceof server.Refused)) throw error;
}

async function drawLogin() {
  const { length } = await queue.unsent();
  const waits = () => nt(
    "One entry waits on this device. It is sent when its owner is logged in.",
    "%(n)s entries wait on this device. They are sent when their owner is logged in.", length);
  fill(main, card({},
    h("h2", {}, t("Log in")),
    length ? h("p", {}, waits()) : null,
    h("a", { class: "big good", href: "/count/login/" }, t("Log in")),
    length ? linkTo("queue", t("Show what waits")) : null));
}

async function drawHeader(screen) {
  const unsent = (await queue.unsent().catch(() => [])).length;
  const title = screen ? screen.title() : header.querySelector("h1")?.textContent || "";
  fill(header, path() ? drawBack() : null, h("h1", {}, title), drawBadge(unsent));
  document.title = title;
}

function drawBadge(n) {
  const label = nt("One entry is not sent", "%(n)s entries are not sent", n);
  const told = { id: "unsent", href: "#/queue", "data-n": String(n), "aria-label": label };
  return h("a", { class: `badge ${n ? "on" : ""}`, ...told }, icon(server.isReached ? "cloud" : "off"), h("b", {}, String(n)));
}

function drawBack() {
  return h("button", { type: "button", class: "back", "aria-label": t("Back"), onclick: goBack }, icon("back"));
}

/** One step up: the history may lead out of the page, or round in circles. */
function goBack() {
  hall.go(place().split("/").slice(0, -1).join("/"));
}

function drawNotices() {
  const lines = [];
  if (!store.isKept())
    lines.push(notice("bad", t(
      "This browser refuses to keep anything (%(why)s): it may be a private window, or its storage is full. " +
      "What you enter is lost when this page closes, so keep it open until nothing is unsent.", { why: store.whyNotKept() })));
  if (!isSecureContext)
    lines.push(notice("soft", t(
      "This address is not secure (https). The page keeps what you enter while it stays open, but without a connection " +
      "it cannot be opened again, and there is no camera. Ask for the secure address.")));
  if (queue.isLoggedOut && hall.session)
    lines.push(notice("bad",
      t("You are logged out. Nothing is lost: log in again as %(name)s, and it is sent.", { name: hall.session.user.name }),
      h("a", { class: "link", href: "/count/login/" }, t("Log in"))));
  if (fresh)
    lines.push(notice("soft", t("There is a new version of this page."),
      h("button", { type: "button", class: "link", onclick: () => fresh.postMessage("take over") }, t("Use it"))));
  fill(notices, lines);
}

function notice(tone, text, act = null) {
  return h("p", { class: `said ${tone}` }, h("span", {}, text), act);
}

let fresh = null;

/** The page's files are kept as one set; a new set takes over when the person says so, never in the middle. */
async function keepPage() {
  if (!("serviceWorker" in navigator)) return;
  let had = Boolean(navigator.serviceWorker.controller);
  const registration = await navigator.serviceWorker.register("/count/worker.js", { scope: "/count/", updateViaCache: "none" });
  const look = () => {
    if (registration.waiting && navigator.serviceWorker.controller) {
      fresh = registration.waiting;
      drawNotices();
    }
  };
  look();
  registration.addEventListener("updatefound", () => registration.installing.addEventListener("statechange", look));
  navigator.serviceWorker.addEventListener("controllerchange", () => {
    if (had) location.reload();
    had = true; // the first one came to a page that is whole already; the next brings other files
  });
}

/** Who is here, where they work, and what they speak unless that was chosen on this device. */
async function meet({ isLanguageChosen }) {
  hall.session = await server.findPerson();
  const { warehouses, language } = hall.session;
  const chosen = await store.get("notes", "warehouse");
  const codes = warehouses.map((one) => one.code);
  hall.session.warehouse = chosen && codes.includes(chosen.code) ? chosen.code : codes[0] || "";
  if (!isLanguageChosen && language !== spoken() && language in LANGUAGES) await speak(language).catch(() => null);
}

async function begin() {
  listen(scanned);
  await store.prepare();
  const language = await store.get("notes", "language").catch(() => null);
  await speak(language ? language.code : navigator.language.startsWith("zh") ? "zh-hans" : "en").catch(() => null);
  drawNotices();
  await queue.finishDrafts();
  try {
    await meet({ isLanguageChosen: Boolean(language) });
  } catch (error) {
    if (!(error instanceof server.LoggedOut || error instanceof server.Silent)) throw error;
  }
  queue.onRefusal(drawRefusal);
  queue.onChange(() => { drawHeader(null); drawNotices(); });
  server.onReach(() => drawHeader(null));
  addEventListener("hashchange", show);
  queue.start();
  await show();
  drawNotices();
  document.body.dataset.ready = "yes";
  await keepPage().catch(() => null);
  takeAlong();
  server.tidy().catch(() => null);
}

begin();
