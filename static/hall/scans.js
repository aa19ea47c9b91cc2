// Whose scan it is: the open screen's, or while the next one is being drawn, that one's. None is lost in silence.

let taker = null; // what the open screen does with a code
let unused = () => {}; // what is done with a code where nothing is scanned
let early = []; // codes that came before their screen was there; null while one is

/** The open screen takes what is scanned, until the returned function is called. */
export function takeScans(onCode) {
  taker = onCode;
  return () => {
    if (taker === onCode) taker = null;
  };
}

/** Another screen is on its way: what is scanned from now on waits for it. */
export function hold() {
  early ||= [];
}

/** The screen is there; `onUnused(code)` is told of what it has no use for. */
export function release(onUnused) {
  const codes = early || [];
  early = null;
  unused = onUnused;
  codes.forEach(scanned);
}

export function scanned(code) {
  if (early) early.push(code);
  else (taker || unused)(code);
}
