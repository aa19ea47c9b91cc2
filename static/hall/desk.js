// A document that is worked on: opened, scanned into, and drawn anew with every change of what waits to be sent.

import { doneSince, opened } from "./documents.js";
import { fill, h } from "./dom.js";
import { begun } from "./kept.js";
import { scanBox } from "./parts.js";
import * as queue from "./queue.js";

/** What a screen does to open: `make(main, hall, what)` is worked at until the screen is left. */
export function atDesk(make) {
  return async (main, [, what], hall) => {
    const desk = make(main, hall, what);
    await desk.begin();
    return () => desk.end();
  };
}

/** `name` is that of the document among what was entered; whoever is a desk has scanned(code) and draw(). */
export class Desk {
  constructor(main, hall, kind, number) {
    Object.assign(this, { main, hall, number, name: `${kind}/${number}`, pad: null });
  }

  /** `path` of the document, the `lists` that may have it in a dead spot, and the `label` of the box for codes. */
  async lay({ path, lists, label }) {
    const { data, at, note } = await opened(path, lists, this.number);
    Object.assign(this, { document: data, at, note });
    this.begun = (await begun(this.name)) || {};
    this.rows = await queue.entries();
    this.box = scanBox({ label, onCode: (code) => this.scanned(code) });
    this.top = h("div", {});
    this.panel = h("div", { id: "panel" });
    this.lists = h("div", {});
    fill(this.main, this.top, this.box.element, this.panel, this.lists);
    this.stop = queue.onChange((rows) => this.heed(rows));
    this.draw();
  }

  heed(rows) {
    this.rows = rows;
    this.draw();
  }

  /** What this device did to the document and the copy of it does not show yet. */
  news() {
    return doneSince(this.rows, this.name, this.at);
  }

  closePad() {
    if (this.pad) this.pad.close();
    this.pad = null;
  }

  end() {
    this.stop();
    this.box.close();
    this.closePad();
  }
}
