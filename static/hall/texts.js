// What the page says: English is in the code, other languages come from the server and are kept for dead spots.

let catalog = {};
let language = "en";

export const LANGUAGES = { en: "English", "zh-hans": "简体中文" };

export function spoken() {
  return language;
}

export async function speak(wanted) {
  language = wanted in LANGUAGES ? wanted : "en";
  document.documentElement.lang = language === "zh-hans" ? "zh-Hans" : language;
  catalog = {};
  if (language === "en") return;
  const answer = await fetch(`/count/texts/${language}.json`);
  catalog = answer.ok ? await answer.json() : {};
}

function facts(text, terms) {
  return text.replace(/%\((\w+)\)s/g, (whole, name) => (name in terms ? String(terms[name]) : whole));
}

/** t("%(n)s of %(all)s counted", {n, all}): the text stands here literally, so that it can be gathered. */
export function t(text, terms = {}) {
  const said = catalog[text];
  return facts(Array.isArray(said) ? said[0] : said || text, terms);
}

/** The same for one and for several: nt("one piece", "%(n)s pieces", n). */
export function nt(one, many, n, terms = {}) {
  const said = catalog[one];
  const text = Array.isArray(said) ? said[Math.min(n === 1 ? 0 : 1, said.length - 1)] : said || (n === 1 ? one : many);
  return facts(text, { n, ...terms });
}

/** A date as it is written in the page's language; for English by the device's kind of it. */
export function format(date, style) {
  const english = navigator.languages.find((one) => one.startsWith("en")) || "en";
  return new Intl.DateTimeFormat(language === "en" ? english : "zh-Hans", style).format(date);
}

export function moment(value) {
  return format(new Date(value), { dateStyle: "short", timeStyle: "short" });
}
