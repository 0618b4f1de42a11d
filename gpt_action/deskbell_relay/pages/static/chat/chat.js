// The chat page put together: what is on it, and what its buttons do.
"use strict";

import { Composer } from "./composer.js";
import { History } from "./history.js";
import { call } from "./relay.js";
import { Talk } from "./talk.js";

const { form, account } = document.getElementById("chat").dataset;
const status = document.getElementById("status");
const relay = (method, path, body) => call(method, path, { form, body });

/** Said to everybody, also to those who hear the page: events, never tokens. */
const say = (sentence) => {
  status.textContent = sentence;
};

const talk = new Talk(document.getElementById("talk"), account, relay, say, () => composer.settle(talk.running));
const history = new History(document.getElementById("history"), relay, (id) => talk.open(id));
const composer = new Composer(document.getElementById("ask"), relay, {
  ask: async (prompt, choice) => {
    await talk.ask(prompt, choice);
    history.stale();
  },
  stop: () => talk.stop(),
});

document.getElementById("fresh").addEventListener("click", () => {
  talk.clear();
  composer.focus();
});
document.querySelector("form[action='/chat/sign-out']").addEventListener("submit", () => talk.clear());
talk.restore();
composer.start();
composer.settle(talk.running);
