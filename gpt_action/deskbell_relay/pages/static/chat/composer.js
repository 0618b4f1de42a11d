// Where the question is typed: provider, model, Ask and Stop, and what stands in the way of asking.
"use strict";

import { span } from "./relay.js";

const BILLS = {
  true: "Stop also stops the bill here.",
  false: "Careful: when you press Stop, this provider bills the rest of the answer all the same.",
};
const CHOICE = "deskbell-chat-choice";

export class Composer {
  /** `does.ask(prompt, choice)` throws what stands in the way; `does.stop()`. */
  constructor(element, relay, does) {
    const named = (name) => element.querySelector(`[name=${name}]`);
    this.relay = relay;
    this.does = does;
    this.prompt = named("prompt");
    this.provider = named("provider");
    this.model = named("model");
    this.models = element.querySelector("datalist");
    this.note = named("note");
    this.ask = named("send");
    this.stopper = named("stop");
    this.bill = element.querySelector("#bill");
    this.problem = element.querySelector("#problem");
    this.providers = [];
    this.busy = false;
    this.until = 0;
    element.addEventListener("submit", (event) => {
      event.preventDefault();
      this.send();
    });
    this.prompt.addEventListener("keydown", (event) => {
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
        event.preventDefault();
        this.send();
      }
    });
    document.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.stopper.hidden) this.stop();
    });
    this.stopper.addEventListener("click", () => this.stop());
    this.provider.addEventListener("change", () => this.chosen());
    this.model.addEventListener("change", () => this.keep());
  }

  /** Learn who can be asked. */
  async start() {
    try {
      this.providers = (await this.relay("GET", "/ai/providers")).providers;
    } catch (problem) {
      this.refuse(problem);
      return;
    }
    const kept = this.kept();
    this.provider.replaceChildren(...this.providers.map(({ name, title }) => new Option(title, name)));
    const known = this.providers.some(({ name }) => name === kept.provider);
    if (known) this.provider.value = kept.provider;
    this.chosen(known ? kept.model : undefined);
    if (this.providers.length === 0) this.show("This relay has no AI provider. Its operator can set one up.");
    this.settle(this.busy);
  }

  chosen(model) {
    const provider = this.providers.find(({ name }) => name === this.provider.value);
    if (provider === undefined) return;
    this.models.replaceChildren(...provider.models.map((name) => new Option(name, name)));
    this.model.value = model ?? provider.model ?? "";
    this.model.placeholder = provider.model ?? "name a model";
    this.bill.textContent = BILLS[provider.stops_billing] ?? "This provider does not say whether Stop also stops the bill.";
    this.keep();
  }

  kept() {
    try {
      return JSON.parse(localStorage.getItem(CHOICE)) ?? {};
    } catch {
      return {}; // of another version of this page, or storage is forbidden: then the first provider is chosen
    }
  }

  keep() {
    try {
      localStorage.setItem(CHOICE, JSON.stringify({ provider: this.provider.value, model: this.model.value }));
    } catch {
      // full or forbidden: it is chosen anew the next time
    }
  }

  focus() {
    this.prompt.focus();
  }

  /** While an answer comes there is Stop in the place of Ask. */
  settle(busy) {
    const focused = document.activeElement === this.stopper || document.activeElement === this.ask;
    this.busy = busy;
    this.ask.hidden = busy;
    this.stopper.hidden = !busy;
    this.stopper.disabled = false;
    this.ask.disabled = this.until > Date.now() || this.providers.length === 0;
    if (focused) (busy ? this.stopper : this.ask).focus();
  }

  async send() {
    const prompt = this.prompt.value.trim();
    if (this.busy || this.ask.disabled || !prompt) return;
    this.show("");
    this.settle(true);
    this.prompt.value = "";
    try {
      await this.does.ask(prompt, {
        provider: this.provider.value,
        model: this.model.value.trim() || undefined,
        note: this.note.checked,
      });
    } catch (problem) {
      this.prompt.value = prompt; // nothing typed is lost
      this.settle(false);
      this.refuse(problem);
    }
  }

  async stop() {
    this.stopper.disabled = true;
    try {
      await this.does.stop();
    } catch (problem) {
      this.stopper.disabled = false;
      this.refuse(problem);
    }
  }

  refuse(problem) {
    if (problem.status === 401) {
      this.show("Your session has ended.", true);
    } else if (problem.waitS !== undefined) {
      this.until = Date.now() + problem.waitS * 1000;
      this.countDown(problem.message);
    } else {
      this.show(problem.message);
    }
  }

  countDown(sentence) {
    const left = Math.ceil((this.until - Date.now()) / 1000);
    this.settle(this.busy);
    if (left <= 0) {
      this.show("");
      return;
    }
    // Read aloud once: the seconds that follow are for the eyes.
    if (this.problem.dataset.sentence !== sentence) this.show(sentence);
    this.problem.dataset.sentence = sentence;
    let clock = this.problem.querySelector("span");
    if (clock === null) {
      clock = this.problem.appendChild(document.createElement("span"));
      clock.setAttribute("aria-hidden", "true");
    }
    clock.textContent = ` You can ask again in ${span(left)}.`;
    setTimeout(() => this.countDown(sentence), 500);
  }

  show(sentence, signIn = false) {
    delete this.problem.dataset.sentence;
    this.problem.hidden = !sentence;
    this.problem.textContent = sentence;
    if (signIn) {
      const link = document.createElement("a");
      link.href = "/chat";
      link.textContent = "Sign in again";
      this.problem.append(" ", link, ".");
    }
  }
}
