// The page of a shared answer: the same text and figures, and nothing to press.
"use strict";

import { Answer, ending, figures } from "./answer.js";

const page = document.getElementById("shared");
const status = document.getElementById("status");
const figure = document.getElementById("figures");

const answer = new Answer(document.getElementById("answer"), page.dataset.path, (word, what) => {
  if (word === "open") status.textContent = "";
  if (word === "lost") status.textContent = "The connection is lost. Coming back…";
  if (word === "gone" || word === "signed_out") status.textContent = what ?? "This link shows nothing.";
  if (word === "end") {
    status.textContent = ending(what) || "The answer is complete.";
    figure.textContent = figures(answer, 0, what);
  }
});
answer.follow();
