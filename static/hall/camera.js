// The camera as a scanner: what it shows, when it looks, and in words what keeps it from doing so.

import { tidy } from "./codes.js";
import { findReader, nearest, sights } from "./reader.js";
import { t } from "./texts.js";

const LARGEST = 1280; // pixels a side that are looked at
const EVERY = 100; // milliseconds from look to look, or twice as long as a look takes: the page stays quick
const SLOW = 120; // milliseconds: where a look takes longer, less of the picture is looked at, down to the middle quarter

/** Whether a camera can be asked for here; where not, scan() says why. */
export function canScan() {
  return window.isSecureContext && Boolean(navigator.mediaDevices?.getUserMedia);
}

function whyNot(error) {
  if (!window.isSecureContext)
    return t("Browsers give the camera to secure addresses only, those with https. Type the code, or use a scanner.");
  const absent = t("This device has no camera that the browser may use. Type the code, or use a scanner.");
  const reasons = {
    NotAllowedError: t("The camera is not allowed on this page. Allow it in the browser's settings of this page, or type the code."),
    NotReadableError: t("Another app uses the camera. Close it and try again, or type the code."),
    NotFoundError: absent,
    OverconstrainedError: absent,
    NoReader: t("Reading barcodes with the camera has to be loaded once, and there is no connection. Type the code, or use a scanner."),
  };
  const reason = error.message;
  return reasons[error.name] || t("The camera does not work here (%(reason)s). Type the code, or use a scanner.", { reason });
}

async function openCamera() {
  if (!canScan()) throw Object.assign(new Error(), { name: "NotFoundError" });
  const wanted = { facingMode: { ideal: "environment" }, width: { ideal: 1280 }, height: { ideal: 720 } };
  const stream = await navigator.mediaDevices.getUserMedia({ video: wanted, audio: false });
  const [track] = stream.getVideoTracks();
  const can = track.getCapabilities?.() ?? {};
  if (can.focusMode?.includes("continuous")) await track.applyConstraints({ advanced: [{ focusMode: "continuous" }] }).catch(() => null);
  return { stream, track, hasLight: Boolean(can.torch) };
}

/** A short tone and a tremble: the eyes are on the shelf. */
class Signal {
  constructor() {
    this.sound = window.AudioContext ? new window.AudioContext() : null;
  }

  give() {
    navigator.vibrate?.(60);
    if (this.sound?.state !== "running") return;
    const tone = this.sound.createOscillator();
    tone.frequency.value = 1200;
    tone.connect(this.sound.destination);
    tone.start();
    tone.stop(this.sound.currentTime + 0.08);
  }

  close() {
    this.sound?.close();
  }
}

class Scanner {
  constructor({ place, onCode, say, continuous = true, onClosed = () => {} }) {
    Object.assign(this, { place, onCode, say, continuous, onClosed, isOpen: true, camera: null, timer: 0, share: 1 });
    this.canvas = document.createElement("canvas");
    this.context = this.canvas.getContext("2d", { willReadFrequently: true });
    this.isNew = sights();
    this.signal = new Signal();
    this.show();
    this.onVisible = () => (document.hidden ? this.letGo() : this.start());
    document.addEventListener("visibilitychange", this.onVisible);
  }

  show() {
    this.video = document.createElement("video");
    Object.assign(this.video, { muted: true, playsInline: true, className: "camera-picture" });
    Object.assign(this.video.style, { display: "block", width: "100%", maxHeight: "45vh", objectFit: "cover" });
    this.video.setAttribute("aria-label", t("Camera: hold the code in the middle"));
    this.light = document.createElement("button");
    Object.assign(this.light, { type: "button", className: "go camera-light", hidden: true, textContent: t("Light") });
    this.light.onclick = () => this.torch(this.light.getAttribute("aria-pressed") !== "true");
    this.place.replaceChildren(this.video, this.light);
  }

  /** Open the camera, again after the page was hidden. */
  async start() {
    if (this.camera || this.isStarting || !this.isOpen) return;
    this.isStarting = true;
    try {
      this.camera = await openCamera();
      this.read ||= await findReader();
      if (!this.isOpen || document.hidden) return this.letGo();
      this.camera.track.onended = () => this.fail(Object.assign(new Error(), { name: "NotReadableError" }));
      this.light.hidden = !this.camera.hasLight;
      this.light.setAttribute("aria-pressed", "false");
      this.video.srcObject = this.camera.stream;
      await this.video.play();
      this.look();
    } catch (error) {
      if (document.hidden) this.letGo();
      else this.fail(error);
    } finally {
      this.isStarting = false;
    }
  }

  /** The part of the picture that the person sees, or its middle, for the reader. */
  draw() {
    const { videoWidth: width, videoHeight: height } = this.video;
    const box = this.video.getBoundingClientRect();
    const scale = Math.max(box.width / width, box.height / height) || 1;
    const whole = [Math.min(width, box.width / scale || width), Math.min(height, box.height / scale || height)];
    const seen = whole.map((side) => side * this.share);
    const less = Math.min(1, LARGEST / Math.max(...seen));
    [this.canvas.width, this.canvas.height] = seen.map((side) => Math.round(side * less));
    this.context.drawImage(this.video, (width - seen[0]) / 2, (height - seen[1]) / 2, ...seen, 0, 0, this.canvas.width, this.canvas.height);
  }

  async look() {
    if (!this.place.isConnected) return this.close();
    const from = performance.now();
    if (this.video.videoWidth) {
      try {
        this.draw();
        this.take(nearest(await this.read(this.canvas, this.context), this.canvas));
      } catch (error) {
        return this.fail(error);
      }
    }
    const spent = performance.now() - from;
    if (spent > SLOW) this.share = Math.max(0.5, this.share * 0.85);
    else if (spent < SLOW / 4) this.share = Math.min(1, this.share * 1.05);
    if (this.camera) this.timer = setTimeout(() => this.look(), Math.max(EVERY - spent, spent));
    return null;
  }

  take(found) {
    if (!found || !this.camera || !this.isNew(found, performance.now())) return;
    this.signal.give();
    if (!this.continuous) this.close();
    this.onCode(tidy(found.text, found.format));
  }

  async torch(isOn) {
    await this.camera?.track.applyConstraints({ advanced: [{ torch: isOn }] });
    this.light.setAttribute("aria-pressed", String(isOn));
  }

  fail(error) {
    if (!this.isOpen) return;
    this.close();
    this.say(whyNot(error));
  }

  letGo() {
    clearTimeout(this.timer);
    this.camera?.stream.getTracks().forEach((track) => track.stop());
    this.camera = null;
    this.video.srcObject = null;
  }

  close() {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.letGo();
    document.removeEventListener("visibilitychange", this.onVisible);
    this.signal.close();
    this.place.replaceChildren();
    this.onClosed();
  }
}

/**
 * Show the camera in `place` and call onCode(code) once for each sight of a code, until close(), the first code where
 * `continuous` is false, or the place leaves the page; while nobody looks at the page the camera is let go. What goes
 * wrong is told by say(sentence); onClosed() is called once it is over, for whatever reason. → {isOpen, close(), torch(on)}
 */
export async function scan(options) {
  const scanner = new Scanner(options);
  await scanner.start();
  return scanner;
}
