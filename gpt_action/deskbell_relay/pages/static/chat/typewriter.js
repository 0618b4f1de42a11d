// Text appears letter by letter, about 20 ms each, and never more than 300 ms after it came.
"use strict";

const LETTER_MS = 20;
const BEHIND_MS = 300;
const FRAME_MS = 40; // what is due within about two frames is shown now
const calm = matchMedia("(prefers-reduced-motion: reduce)");

export class Typewriter {
  /** `show(text)` is called with what is to be seen, at most once a frame. */
  constructor(show) {
    this.show = show;
    this.text = "";
    this.shown = 0;
    this.arrivals = []; // of what is not yet seen: where it ends, and when it is due
    this.owed = 0;
    this.last = 0;
    this.frame = 0;
    this.waiting = [];
    this.hidden = () => {
      if (document.hidden) this.jump(); // nobody draws frames for a hidden page
    };
    document.addEventListener("visibilitychange", this.hidden);
  }

  /** More has come. */
  add(piece) {
    this.text += piece;
    this.arrivals.push({ end: this.text.length, due: performance.now() + BEHIND_MS });
    if (document.hidden) {
      this.jump();
    } else if (this.frame === 0) {
      this.last = performance.now();
      this.frame = requestAnimationFrame((now) => this.step(now));
    }
  }

  /** Show all that has come. */
  jump() {
    if (this.frame !== 0) cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.reveal(this.text.length);
  }

  /** Resolves when all is seen. Nothing may be added after it. */
  async finish() {
    if (this.shown < this.text.length) await new Promise((resolve) => this.waiting.push(resolve));
    document.removeEventListener("visibilitychange", this.hidden);
  }

  step(now) {
    this.frame = 0;
    const spent = Math.max(1, now - this.last);
    this.last = now;
    let letters = spent / LETTER_MS + this.owed;
    for (const { end, due } of this.arrivals) {
      const left = due - now;
      letters = Math.max(letters, left <= FRAME_MS ? end - this.shown : ((end - this.shown) * spent) / (left - FRAME_MS + spent));
    }
    if (calm.matches) letters = this.text.length;
    const whole = Math.floor(letters);
    this.owed = Math.min(1, letters - whole);
    if (whole > 0) this.reveal(Math.min(this.text.length, this.shown + whole));
    if (this.shown < this.text.length) this.frame = requestAnimationFrame((later) => this.step(later));
  }

  reveal(end) {
    const last = this.text.charCodeAt(end - 1);
    this.shown = last >= 0xd800 && last < 0xdc00 && end < this.text.length ? end + 1 : end; // not half an emoji
    this.arrivals = this.arrivals.filter((arrival) => arrival.end > this.shown);
    this.show(this.text.slice(0, this.shown));
    if (this.shown === this.text.length) for (const resolve of this.waiting.splice(0)) resolve();
  }
}
