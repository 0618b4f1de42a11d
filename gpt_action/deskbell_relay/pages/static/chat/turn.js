// A question and its answer, with the answer's own buttons: copy, share, take the link back.
"use strict";

import { Answer, ending, figures } from "./answer.js";
import { clean } from "./markdown.js";

export class Turn {
  /** `facts`: what is kept of it over a reload: prompt, id, provider, model. `changed()`: when it began or ended. */
  constructor(into, facts, relay, say, changed) {
    this.facts = facts;
    this.relay = relay;
    this.say = say;
    this.changed = changed;
    this.running = true;
    this.stopWanted = false;
    this.gone = new AbortController();
    this.askedAt = facts.askedAt;
    delete facts.askedAt; // of this page's clock
    this.path = `/ai/runs/${encodeURIComponent(facts.id)}`;
    this.element = add("article", into);
    if (facts.prompt) {
      const question = add("div", this.element, "question");
      add("h2", question, "unseen").textContent = "You asked";
      const words = add("p", question);
      words.dir = "auto";
      words.textContent = clean(facts.prompt);
    }
    const head = add("h2", this.element, "who");
    head.textContent = facts.model ?? "An earlier answer";
    this.head = head;
    this.body = add("div", this.element, "answer");
    this.body.setAttribute("aria-busy", "true");
    this.state = add("p", this.element, "state");
    this.tools = add("div", this.element, "tools");
    this.figures = add("span", this.tools, "figures");
    this.lookAlways();
  }

  /** There is a run now. */
  begin({ model, note }) {
    if (note) this.facts.note = note;
    if (model) this.head.textContent = this.facts.model = model;
    this.answer = new Answer(this.body, this.path, (word, what) => this.hear(word, what));
    this.answer.follow();
    this.clock = setInterval(() => this.measure(), 500);
  }

  async stop() {
    this.stopWanted = true;
    try {
      await this.relay("POST", `${this.path}/stop`);
    } catch (problem) {
      if (this.answer || problem.status !== 404) throw problem; // there is no run yet: it is stopped once there is
    }
  }

  remove() {
    this.answer?.close();
    clearInterval(this.clock);
    this.gone.abort();
    this.watcher.disconnect();
    this.element.remove();
  }

  hear(word, what) {
    this.element.dataset.state = word;
    if (word === "open") {
      if (this.state.textContent) this.say("Connected again.");
      this.state.textContent = "";
    } else if (word === "lost") {
      this.state.textContent = "The connection is lost. Coming back; the answer goes on meanwhile.";
      this.say("The connection is lost. Coming back.");
    } else if (word === "signed_out") {
      this.state.textContent = "Your session has ended. ";
      const link = add("a", this.state);
      link.href = "/chat";
      link.textContent = "Sign in again";
      this.over("You are signed out.");
    } else if (word === "gone") {
      this.state.textContent = what;
      this.over(what);
    } else {
      this.state.textContent = [ending(what), noteWords(this.facts.note)].filter(Boolean).join(" ");
      this.end = what;
      this.over(ending(what) || "The answer is complete.");
      this.offer();
    }
  }

  over(sentence) {
    this.running = false;
    clearInterval(this.clock);
    this.gone.abort();
    this.watcher.disconnect();
    this.measure();
    this.body.setAttribute("aria-busy", "false");
    this.say(sentence);
    this.changed();
  }

  measure() {
    this.figures.textContent = figures(this.answer, this.askedAt, this.end);
  }

  /** Keep the end in sight while it grows, unless the reader has gone elsewhere. */
  lookAlways() {
    const near = () => innerHeight + scrollY >= document.documentElement.scrollHeight - 160;
    let follow = true;
    this.watcher = new ResizeObserver(() => {
      if (follow) scrollTo({ top: document.documentElement.scrollHeight });
    });
    const look = () => {
      follow = near();
    };
    addEventListener("scroll", look, { passive: true, signal: this.gone.signal });
    this.watcher.observe(this.body);
  }

  offer() {
    this.button("Copy", async (button) => {
      await navigator.clipboard.writeText(this.answer.text);
      button.textContent = "Copied";
    });
    this.button("Share", (button) => this.share(button));
  }

  async share(button) {
    const { url, expires_at } = await this.relay("POST", `${this.path}/share`);
    button.hidden = true;
    const plate = add("div", this.element, "share");
    const label = add("label", plate);
    const until = new Date(expires_at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    label.textContent = `Whoever has this link can read this answer, and nothing else, until ${until}.`;
    const field = add("input", label);
    field.readOnly = true;
    field.value = url;
    field.addEventListener("focus", () => field.select());
    const back = add("button", plate, "quiet");
    back.type = "button";
    back.textContent = "Take the link back";
    back.addEventListener("click", () =>
      this.trying(async () => {
        await this.relay("DELETE", `${this.path}/share`);
        plate.remove();
        button.hidden = false;
        button.focus();
        this.say("The link shows nothing any more.");
      }),
    );
    field.focus();
  }

  button(words, press) {
    const made = add("button", this.tools, "quiet");
    made.type = "button";
    made.textContent = words;
    made.addEventListener("click", () => this.trying(() => press(made)));
  }

  async trying(work) {
    try {
      await work();
    } catch (problem) {
      this.state.textContent = problem.message;
      this.say(problem.message);
    }
  }
}

function noteWords(note) {
  if (!note) return "";
  return note.error ? `It is not in a note: ${note.error}` : "It goes into a note on your laptop.";
}

function add(tag, into, name) {
  const made = into.appendChild(document.createElement(tag));
  if (name) made.className = name;
  return made;
}
