// The account's earlier answers, wherever they were asked for.
"use strict";

import { clean } from "./markdown.js";

const ENDS = { running: "being written", stopped: "stopped", error: "broke off" };

export class History {
  /** `open(id)` shows a run. */
  constructor(element, relay, open) {
    this.element = element;
    this.list = element.querySelector("ol");
    this.relay = relay;
    this.open = open;
    this.fresh = false;
    element.addEventListener("toggle", () => {
      if (element.open && !this.fresh) this.load();
    });
    element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && element.open) {
        event.stopPropagation();
        element.open = false;
        element.querySelector("summary").focus();
      }
    });
  }

  /** There is a run that the list does not know. */
  stale() {
    this.fresh = false;
    if (this.element.open) this.load();
  }

  async load() {
    this.fresh = true;
    try {
      const { runs } = await this.relay("GET", "/ai/runs");
      this.list.replaceChildren(...runs.map((run) => this.row(run)));
      if (runs.length === 0) this.list.append(item("There is none yet."));
    } catch (problem) {
      this.fresh = false;
      this.list.replaceChildren(item(problem.message));
    }
  }

  row(run) {
    const made = document.createElement("li");
    const button = made.appendChild(document.createElement("button"));
    button.type = "button";
    const words = button.appendChild(document.createElement("bdi"));
    words.textContent = clean(run.beginning).replace(/[#*`_>|~]+/g, "").replace(/\s+/g, " ").trim() || "(no text yet)";
    const facts = button.appendChild(document.createElement("small"));
    const at = new Date(run.created_at).toLocaleString([], { dateStyle: "medium", timeStyle: "short" });
    facts.textContent = [at, run.model, ENDS[run.status], run.shared_until && "shared"].filter(Boolean).join(" · ");
    button.addEventListener("click", () => {
      this.element.open = false;
      this.open(run.id);
    });
    return made;
  }
}

function item(sentence) {
  const made = document.createElement("li");
  made.textContent = sentence;
  return made;
}
