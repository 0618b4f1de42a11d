// The conversation: questions and answers in their order, kept over a reload of this tab.
"use strict";

import { newRunId, pause } from "./relay.js";
import { Turn } from "./turn.js";

const KEPT = "deskbell-chat-talk-"; // and the account: another one that signs in here finds nothing
const MOST_CHARACTERS = 40_000; // of the conversation that goes along with a question
const MOST_MESSAGES = 100;
const MOST_TRIES = 5;
const RETRY_MS = 500;

export class Talk {
  /** `say(sentence)` tells what happens; `settled()` is called when `running` may have changed. */
  constructor(element, account, relay, say, settled) {
    this.kept = KEPT + account;
    this.element = element;
    this.relay = relay;
    this.say = say;
    this.settled = settled;
    this.turns = [];
  }

  get running() {
    return this.turns.some((turn) => turn.running);
  }

  /** Ask, with what was said before. Throws Problem. */
  async ask(prompt, { provider, model, note }) {
    const askedAt = performance.now();
    const messages = [...this.context(prompt.length), { role: "user", content: prompt }];
    const turn = this.add({ prompt, id: newRunId(), provider, model, askedAt });
    try {
      turn.begin(await this.start(turn, { run_id: turn.facts.id, provider, model, messages, save_as_note: note }));
    } catch (problem) {
      this.remove(turn);
      throw problem;
    }
    this.keep();
    if (turn.stopWanted) await turn.stop(); // the first one may have come before the run
  }

  /** With an id of our own a question may be sent again: it is asked once. */
  async start(turn, request) {
    for (let tries = 1; ; tries += 1) {
      try {
        return await this.relay("POST", "/ai/runs", request);
      } catch (problem) {
        if (problem.status !== 0 || tries === MOST_TRIES || turn.stopWanted) throw problem;
        this.say("The relay does not answer. Trying again.");
        await pause(RETRY_MS * tries);
      }
    }
  }

  /** Stop all that runs; also what has no id yet, as soon as it has one. */
  async stop() {
    await Promise.all(this.turns.filter((turn) => turn.running).map((turn) => turn.stop()));
  }

  /** Show one run of the account, below what is there. */
  open(id) {
    let turn = this.turns.find(({ facts }) => facts.id === id);
    if (turn === undefined) {
      turn = this.add({ id });
      turn.begin({});
      this.keep();
    }
    turn.element.tabIndex = -1;
    turn.element.focus();
  }

  clear() {
    for (const turn of this.turns.slice()) this.remove(turn);
    this.say("");
  }

  /** What this tab showed before it was loaded again. */
  restore() {
    let kept = [];
    try {
      kept = JSON.parse(sessionStorage.getItem(this.kept) ?? "[]");
    } catch {
      sessionStorage.removeItem(this.kept); // of another version of this page
    }
    for (const each of kept) this.add(each).begin({});
  }

  add(facts) {
    const turn = new Turn(this.element, facts, this.relay, this.say, () => {
      this.keep();
      this.settled();
    });
    this.turns.push(turn);
    this.settled();
    return turn;
  }

  remove(turn) {
    turn.remove();
    this.turns = this.turns.filter((other) => other !== turn);
    this.keep();
    this.settled();
  }

  keep() {
    const kept = this.turns.filter((turn) => turn.answer).map((turn) => turn.facts);
    try {
      sessionStorage.setItem(this.kept, JSON.stringify(kept));
    } catch {
      sessionStorage.removeItem(this.kept); // full: the conversation is then only on the page
    }
  }

  /** As much of what was said as fits, the newest first to be taken. */
  context(spent) {
    const taken = [];
    let characters = spent;
    for (const { facts, answer } of this.turns.toReversed()) {
      const text = answer?.text;
      if (!facts.prompt || !text) continue;
      characters += facts.prompt.length + text.length;
      if (characters > MOST_CHARACTERS || taken.length + 2 > MOST_MESSAGES) break;
      taken.unshift({ role: "user", content: facts.prompt }, { role: "assistant", content: text });
    }
    return taken;
  }
}
