// Codes in a picture: the browser's own reader where it has one, else the bundled decoder, loaded at first use.

export const FORMATS = ["ean_13", "ean_8", "upc_a", "upc_e", "code_128", "code_39", "itf", "qr_code", "data_matrix"];
const UNSURE = ["itf", "code_39", "upc_e"]; // without a good check digit: believed when read twice running
const GONE = 800; // milliseconds unseen after which the same code is another piece

let bundled = null; // the promise of the decoder, kept: a page scans often

async function ownReader() {
  if (!("BarcodeDetector" in window)) return null;
  const known = await window.BarcodeDetector.getSupportedFormats().catch(() => []);
  if (!FORMATS.every((format) => known.includes(format))) return null;
  const detector = new window.BarcodeDetector({ formats: FORMATS });
  return async (canvas) => {
    const found = await detector.detect(canvas);
    return found.map(({ rawValue, format, boundingBox: { x, y, width, height } }) => ({
      text: rawValue, format, x: x + width / 2, y: y + height / 2,
    }));
  };
}

async function bundledReader() {
  bundled ||= import("./decoder.js").then((decoder) => decoder.load(FORMATS));
  try {
    const read = await bundled;
    return async (canvas, context) => read(context.getImageData(0, 0, canvas.width, canvas.height));
  } catch (error) {
    bundled = null; // with a connection the next attempt may do it
    // fetch() and import() fail with a TypeError where nothing answers
    throw error instanceof TypeError ? Object.assign(new Error(error.message), { name: "NoReader" }) : error;
  }
}

/** read(canvas, context) → [{text, format, x, y}]; throws where no reader can be had. */
export async function findReader() {
  const own = await ownReader();
  if (!own) return bundledReader();
  let read = own;
  return async (canvas, context) => {
    try {
      return await read(canvas, context);
    } catch (error) {
      if (read !== own) throw error;
      read = await bundledReader(); // phones without Google's services have their own reader by name only
      return read(canvas, context);
    }
  };
}

/** The code next to the middle: shelves are full of others. */
export function nearest(found, { width, height }) {
  const distance = ({ x, y }) => Math.hypot(x - width / 2, y - height / 2);
  return found.reduce((best, one) => (!best || distance(one) < distance(best) ? one : best), null);
}

/** isNew(found, now): each code once a sight, however long it is held into the camera. */
export function sights() {
  const seen = new Map();
  let last = "";
  return (found, now) => {
    const isSure = !UNSURE.includes(found.format) || found.text === last;
    last = found.text;
    if (!isSure) return false;
    const isNew = now - (seen.get(found.text) ?? -Infinity) > GONE;
    seen.set(found.text, now);
    return isNew;
  };
}
