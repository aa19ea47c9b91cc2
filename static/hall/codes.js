// What scanners read, as the shop knows it: no function keys, no identifier of the symbol, no batch behind the number.

const ENDS = /^[\s\u0000-\u001f\u007f\ufeff]+|[\s\u0000-\u001f\u007f\ufeff]+$/g;
const SYMBOL = /^\][A-Za-z][0-9A-Za-z]/; // some scanners say first which kind of symbol it was (ISO 15424): ]E0, ]C1, …
const GS1_SYMBOL = /^\](C1|e\d|d2|Q3|J1)/;
const BRACKETED = /\(01\)(\d{14})/;
// Without brackets (01) is believed only where the rest begins as batches, dates, serials and amounts do: a shop's own
// long number may begin with 01 too.
const PLAIN = /^01(\d{14})(?:$|\u001d|10|21|30|37|1[1-7]\d{6})/;
const LINK = /^https?:\/\/[^/]+\/(?:.*\/)?(?:01|gtin)\/(\d{8,14})(?=[/?#]|$)/i;

/** Whether the last digit of an EAN, UPC or GTIN is the one that the others ask for. */
export function isGtin(digits) {
  if (!/^(\d{8}|\d{12,14})$/.test(digits)) return false;
  const sum = [...digits].reverse().reduce((total, digit, place) => total + Number(digit) * (place % 2 ? 3 : 1), 0);
  return sum % 10 === 0;
}

/** The GTIN of a GS1 symbol or link, or null: (01), then fourteen digits; one zero too many for an EAN-13. */
function gtinIn(text, isGs1) {
  const found = BRACKETED.exec(text) || LINK.exec(text) || (isGs1 && /^01(\d{14})/.exec(text)) || PLAIN.exec(text);
  return found && isGtin(found[1]) ? found[1].replace(/^0(?=\d{13}$)/, "") : null;
}

/** The twelve digits that the eight of a UPC-E stand for, or the text as it is. */
function longUpc(text) {
  const parts = /^([01])(\d\d)(\d)(\d)(\d)(\d)(\d)$/.exec(text);
  if (!parts) return text;
  const [, system, one, three, four, five, last, check] = parts;
  let body = `${one}${three}${four}${five}0000${last}`;
  if (last < "3") body = `${one}${last}0000${three}${four}${five}`;
  else if (last === "3") body = `${one}${three}00000${four}${five}`;
  else if (last === "4") body = `${one}${three}${four}00000${five}`;
  const long = `${system}${body}${check}`;
  return isGtin(long) ? long : text;
}

/**
 * A scanned text as a code to look up: "]C1010400638133393110A7" and "(01)04006381333931(10)A7" are 4006381333931.
 * Whatever is no GS1 stays as it was printed, but for what surrounds it: a SKU may be any text.
 */
export function tidy(text, format = "") {
  const isGs1 = GS1_SYMBOL.test(text.trim());
  const plain = text.replace(ENDS, "").replace(SYMBOL, "").replace(ENDS, "");
  return gtinIn(plain, isGs1) || (format === "upc_e" ? longUpc(plain) : plain);
}

/**
 * The ways in which shops write one number, the code as it is first: a UPC-A of twelve digits is an EAN-13 with a
 * leading zero, and both are GTIN-14s. For looking it up in a list that is kept on the device.
 */
export function spellings(code) {
  if (!isGtin(code)) return [code];
  const bare = code.replace(/^0+/, "");
  const lengths = [12, 13, 14].filter((length) => length >= bare.length && bare.length > 8);
  return [...new Set([code, ...lengths.map((length) => bare.padStart(length, "0"))])];
}

/** Whether two codes are one, whichever way their number and their letters are written. */
export function isSame(one, other) {
  const ways = spellings(one.toLowerCase());
  return spellings(other.toLowerCase()).some((way) => ways.includes(way));
}
