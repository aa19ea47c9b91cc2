// The bundled decoder (vendor/NOTICE.md): a megabyte for those who scan with a camera and a browser that reads no codes.

const FOLDER = "./vendor/zxing-wasm-3.1.4/reader/";
const NAMES = {
  EAN13: "ean_13", EAN8: "ean_8", UPCA: "upc_a", UPCE: "upc_e", Code128: "code_128", Code39: "code_39", ITF: "itf",
  QRCode: "qr_code", DataMatrix: "data_matrix",
};

/** The compiled half first: where it cannot be had, import() would remember its failure until the page is left. */
async function fetched() {
  const answer = await fetch(new URL(`${FOLDER}zxing_reader.wasm`, import.meta.url));
  if (!answer.ok) throw new TypeError(`decoder: ${answer.status}`);
  return answer.arrayBuffer();
}

function middle({ topLeft, bottomRight }) {
  return { x: (topLeft.x + bottomRight.x) / 2, y: (topLeft.y + bottomRight.y) / 2 };
}

/** read(imageData) → [{text, format, x, y}] of the formats, by the names that BarcodeDetector gives them. */
export async function load(formats) {
  const wasmBinary = await fetched();
  const { prepareZXingModule, readBarcodes } = await import(`${FOLDER}index.js`);
  await prepareZXingModule({ overrides: { wasmBinary }, fireImmediately: true });
  const wanted = Object.keys(NAMES).filter((name) => formats.includes(NAMES[name]));
  const options = { formats: wanted, textMode: "Plain", tryInvert: false, tryDownscale: false };
  let looks = 0;
  return async (picture) => {
    looks += 1; // a thorough look takes six times as long and finds what is small or upright: each second one
    const found = await readBarcodes(picture, { ...options, tryHarder: looks % 2 === 0 });
    return found.filter((code) => code.isValid).map((code) => ({
      text: code.contentType === "GS1" ? code.symbologyIdentifier + code.text : code.text,
      format: NAMES[code.format],
      ...middle(code.position),
    }));
  };
}
