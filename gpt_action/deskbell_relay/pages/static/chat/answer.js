// One answer on the page: its stream, through broken networks; its text; its figures; how it ended.
"use strict";

import { MarkdownView } from "./markdown.js";
import { call } from "./relay.js";
import { Typewriter } from "./typewriter.js";

const SILENCE_MS = 40_000; // the relay pings each 15 s
const LONGEST_WAIT_MS = 10_000;

/** Follows `${path}/stream` with a plain EventSource; what it missed it asks from `path`. */
export class Answer {
  /** `heard(word)` hears: `open`, `lost`, `signed_out`, `gone` (with a sentence), `end` (with the end event). */
  constructor(element, path, heard) {
    this.element = element;
    this.path = path;
    this.heard = heard;
    this.view = new MarkdownView(element);
    this.typewriter = new Typewriter((text) => this.view.show(text));
    this.cursor = "";
    this.tokens = 0;
    this.firstAt = 0;
    this.lastAt = 0;
    this.tries = 0;
    this.over = false;
  }

  /** Begin, or go on after the last event that was seen. */
  follow() {
    const after = this.cursor ? `?last_event_id=${encodeURIComponent(this.cursor)}` : "";
    const source = new EventSource(`${this.path}/stream${after}`);
    this.source = source;
    this.watch();
    source.addEventListener("open", () => {
      this.tries = 0;
      this.watch();
      this.heard("open");
    });
    source.addEventListener("run", (event) => this.came(event));
    source.addEventListener("ping", () => this.watch());
    source.addEventListener("token", (event) => {
      this.came(event);
      this.tokens += 1;
      this.lastAt = performance.now();
      this.firstAt ||= this.lastAt;
      this.typewriter.add(JSON.parse(event.data).text);
    });
    source.addEventListener("end", (event) => {
      this.came(event);
      this.close();
      this.end(JSON.parse(event.data));
    });
    source.addEventListener("error", () => {
      if (this.over) return;
      this.heard("lost"); // while it is CONNECTING, the browser itself comes back with the cursor
      if (source.readyState === EventSource.CLOSED) this.look();
    });
  }

  /** Stop following; the run goes on. */
  close() {
    clearTimeout(this.timer);
    this.source?.close();
  }

  /** What is seen of it at the end, once all of it is seen. */
  async end(end) {
    if (this.over) return;
    this.over = true;
    await this.typewriter.finish();
    this.view.show(this.typewriter.text, true);
    this.heard("end", end);
  }

  get text() {
    return this.typewriter.text;
  }

  came(event) {
    this.cursor = event.lastEventId;
    this.watch();
  }

  /** A stream that is silent for too long is dead, whatever the browser believes. */
  watch() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => {
      this.source.close();
      this.heard("lost");
      this.look();
    }, SILENCE_MS);
  }

  /** The stream is closed for good: ask why. */
  async look() {
    clearTimeout(this.timer);
    let info;
    try {
      info = await call("GET", this.path);
    } catch (problem) {
      if (problem.status === 401) return this.leave("signed_out");
      if (problem.status >= 400 && problem.status < 500 && problem.status !== 429) return this.leave("gone", problem.message);
      return this.again(problem.waitS);
    }
    if (this.over) return;
    if (info.end === null || info.resumable) return this.again();
    // Its log has gone, and its text is kept: what was not seen yet comes now.
    if (info.text.startsWith(this.text)) this.typewriter.add(info.text.slice(this.text.length));
    return this.end(info.end);
  }

  leave(word, sentence) {
    this.over = true;
    this.close();
    this.heard(word, sentence);
  }

  again(waitS) {
    this.tries += 1;
    const wait = Math.min(LONGEST_WAIT_MS, 250 * 2 ** this.tries) * Math.random();
    this.timer = setTimeout(() => this.follow(), Math.max(wait, (waitS ?? 0) * 1000));
  }
}

/** The figures of an answer in words: the relay's own once it has ended. */
export function figures(answer, askedAt, end) {
  const parts = [];
  const first = end ? end.ttft_ms : askedAt && answer.firstAt ? answer.firstAt - askedAt : null;
  const spent = (answer.lastAt - answer.firstAt) / 1000;
  const rate = end ? end.tokens_per_s : spent > 0.2 ? (answer.tokens - 1) / spent : null;
  if (first !== null && first !== undefined) parts.push(`first token after ${first < 10_000 ? `${Math.round(first)} ms` : `${(first / 1000).toFixed(1)} s`}`);
  if (rate) parts.push(`${rate < 10 ? rate.toFixed(1) : Math.round(rate)} tokens/s`);
  const tokens = end ? end.usage.completion_tokens : answer.tokens;
  if (tokens) parts.push(`${tokens} token${tokens === 1 ? "" : "s"}`);
  if (end?.retries) parts.push(`asked again ${end.retries}×`);
  return parts.join(" · ");
}

/** How it ended, in a sentence; nothing for an answer that is simply there. */
export function ending(end) {
  if (end.status === "done") return end.finish_reason === "length" ? "The provider cut the answer off at its longest." : "";
  if (end.status === "error") return end.message ?? "The answer broke off.";
  const bill = { true: "This provider stops billing there too.", false: "This provider bills the rest all the same." };
  return `Stopped. ${bill[end.stops_billing] ?? "Whether the bill stops too, this provider does not say."}`;
}
