// A photo by the phone's own camera, made small enough to be sent from a hall.

import { fill, h } from "./dom.js";
import { said, softButton } from "./parts.js";
import { t } from "./texts.js";

const LONGEST = 1280;
const LARGEST = 900_000; // characters
const QUALITIES = [0.8, 0.6, 0.4];

/** A data URL of at most so many characters. */
async function smaller(file) {
  const picture = await createImageBitmap(file);
  const scale = Math.min(1, LONGEST / Math.max(picture.width, picture.height));
  const [width, height] = [picture.width, picture.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = h("canvas", { width, height });
  canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
  picture.close();
  const made = QUALITIES.map((quality) => () => canvas.toDataURL("image/jpeg", quality));
  for (const make of made) {
    const text = make();
    if (text.length <= LARGEST) return text;
  }
  throw new Error("large");
}

/** A button that takes a photo, and the photo once there is one; `onChange` gets its data URL, or null. */
export function photoField({ value = null, onChange }) {
  const place = h("div", { class: "photo" });
  const set = (photo) => {
    onChange(photo);
    draw(photo);
  };
  const taken = async (event) => {
    const [file] = event.target.files;
    if (!file) return;
    try {
      set(await smaller(file));
    } catch {
      said(t("This is no picture that can be read. Take another one."), "bad");
    }
  };
  function draw(photo) {
    const input = h("input", { type: "file", accept: "image/*", capture: "environment", class: "away", onchange: taken });
    fill(place,
      photo ? h("img", { src: photo, alt: t("The photo") }) : null,
      h("label", { class: "big soft" }, photo ? t("Take another photo") : t("Take a photo"), input),
      photo ? softButton(t("Without a photo"), () => set(null)) : null);
  }
  draw(value);
  return place;
}
