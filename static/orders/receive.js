/* Receiving: a scanner that types codes and Enter, buttons for thumbs, and entries that outlive a lost connection.
   Without this script the page is a plain form. */
import { isSame, tidy } from "../hall/codes.js";

(() => {
  // the admin's body is cloaked while it loads, so autofocus is lost
  addEventListener("load", () => document.getElementById("rc-number")?.focus());
  const form = document.getElementById("rc-form");
  if (!form) return;
  const scan = document.getElementById("rc-scan");
  const packs = document.getElementById("rc-packs");
  const said = document.getElementById("rc-said");
  const items = [...form.querySelectorAll(".rc-item")];
  const store = `receive:${form.dataset.order}`;
  const inputOf = (item) => item.querySelector(".rc-count");
  const numberIn = (text) => (/^\d{0,15}$/.test(text.trim()) ? Number(text) : NaN);
  const counted = (item) => numberIn(inputOf(item).value);
  const seenVersion = form.elements.version.value;
  let wasSent = false;

  /* --- words --- */
  function say(name, facts = {}, tone = "") {
    said.textContent = Object.entries(facts).reduce((text, [key, value]) => text.replaceAll(`%${key}%`, value), form.dataset[name] ?? name);
    said.dataset.tone = tone;
  }

  /* --- what survives --- */
  function read() {
    try { return JSON.parse(sessionStorage.getItem(store)); } catch { return null; }
  }
  function keep() {
    const entries = Object.fromEntries(items.map((item) => [inputOf(item).name, inputOf(item).value]).filter(([, value]) => value));
    const told = { entries, once: form.elements.once.value, version: form.elements.version.value, wasSent };
    try { sessionStorage.setItem(store, JSON.stringify(told)); } catch { /* private windows may have no room: the page still works */ }
  }
  function forget() {
    try { sessionStorage.removeItem(store); } catch { /* the same */ }
  }
  function newKey() {
    return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  }
  function restore() {
    const told = read();
    if (form.dataset.answered || !told || !Object.keys(told.entries).length) return;
    for (const item of items) inputOf(item).value = told.entries[inputOf(item).name] ?? inputOf(item).value;
    if (told.wasSent) {  // the very same request again: the server knows it by its key
      form.elements.once.value = told.once;
      form.elements.version.value = told.version;
      wasSent = true;
      say("sent", {}, "care");
    } else {
      say(told.version === seenVersion ? "kept" : "changed", {}, told.version === seenVersion ? "" : "care");
    }
  }

  /* --- counting --- */
  function show() {
    let total = 0;
    for (const item of items) {
      const now = counted(item), missing = Number(item.dataset.missing);
      item.toggleAttribute("data-is-over", now > missing);
      item.toggleAttribute("data-is-full", now <= missing && now === missing);
      total += now || 0;
    }
    document.getElementById("rc-total").textContent = total ? `· ${total}` : "";
  }
  function changed() {
    if (wasSent) {  // another request than the one that may have arrived
      wasSent = false;
      form.elements.once.value = newKey();
    }
    keep();
    show();
  }
  function mark(item) {
    for (const other of items) other.toggleAttribute("data-is-here", other === item);
    item?.scrollIntoView({ block: "nearest" });
  }
  function add(item, direction) {
    const before = counted(item) || 0;
    const step = packs.checked ? Number(item.dataset.pack) : 1;
    inputOf(item).value = String(Math.max(before + direction * step, 0) || "");
    mark(item);
    changed();
    const now = counted(item), missing = Number(item.dataset.missing), facts = { sku: item.dataset.sku, now, missing, over: now - missing };
    if (now <= missing) say("counted", facts);
    else say(missing ? "over" : "complete", facts, "care");
  }
  function lines(code) {
    const wanted = tidy(code);
    const bySku = items.filter((item) => isSame(wanted, item.dataset.sku));
    return bySku.length ? bySku : items.filter((item) => item.dataset.barcode && isSame(wanted, item.dataset.barcode));
  }
  function take(code) {
    const found = lines(code);
    if (found.length === 1) return add(found[0], 1);
    mark(null);
    say(found.length ? "ambiguous" : "unknown", { code }, "bad");
  }

  /* --- hands --- */
  scan.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== "Tab") return;
    const code = scan.value.trim();
    if (!code && event.key === "Tab") return;
    event.preventDefault();
    if (code) take(code);
    scan.value = "";
  });
  for (const item of items) {
    const input = inputOf(item);
    let before = input.value;
    input.addEventListener("focus", () => { before = input.value; input.select(); mark(item); });
    input.addEventListener("input", () => changed());
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter") return;
      event.preventDefault();
      // a scanner typed its code into a number: it is a code, and the number stays what it was
      const code = [input.value, input.value.slice(before.length)].map((text) => text.trim())
        .find((text) => text.length > 3 && lines(text).length);
      if (code) {
        input.value = before;
        take(code);
        before = input.value;
      } else if (Number.isNaN(counted(item))) {
        say("wrong", { sku: item.dataset.sku, code: input.value }, "bad");
      } else scan.focus();
    });
    for (const button of item.querySelectorAll(".rc-step")) {
      button.hidden = false;
      button.addEventListener("click", () => add(item, Number(button.dataset.step)));
    }
  }
  document.addEventListener("keydown", (event) => {  // a scanner types wherever it is: let it be the scan field
    const isTyped = event.key.length === 1 && !event.ctrlKey && !event.metaKey && !event.altKey && event.key !== " ";
    if (isTyped && !/^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName)) scan.focus();
  });
  packs.addEventListener("change", () => scan.focus());
  document.getElementById("rc-all").addEventListener("click", (event) => {
    event.preventDefault();
    for (const item of items) inputOf(item).value = Number(item.dataset.missing) || "";
    changed();
  });

  /* --- sending --- */
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const wrong = items.find((item) => Number.isNaN(counted(item)));
    if (wrong) {
      mark(wrong);
      return say("wrong", { sku: wrong.dataset.sku, code: inputOf(wrong).value }, "bad");
    }
    if (!items.some((item) => counted(item))) return say("nothing", {}, "bad");
    const button = document.getElementById("rc-receive");
    button.disabled = true;
    wasSent = true;
    keep();
    try {
      const answer = await fetch(form.action, { method: "POST", body: new FormData(form), headers: { "X-Requested-With": "fetch" } });
      if (answer.status >= 500) throw new Error(answer.statusText);
      if (!(answer.headers.get("Content-Type") ?? "").startsWith("application/json")) {
        form.submit();  // a log-in page, most likely: the browser shows it, the entries wait here
        return;
      }
      await heed(await answer.json());
    } catch {
      say("lost", {}, "bad");
    }
    button.disabled = false;
  });
  async function heed(told) {
    if (told.next) {
      forget();
      location.assign(told.next);
      return;
    }
    wasSent = false;  // refused: nothing was received
    keep();
    if (told.reload) location.reload();
    else say(told.detail, {}, "bad");
  }

  document.getElementById("rc-scanner").hidden = false;
  restore();
  if (form.dataset.answered) keep();
  show();
  addEventListener("load", () => scan.focus());
})();
