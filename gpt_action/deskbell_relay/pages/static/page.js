// The two things that these pages do by themselves. Without scripts they work too, only slower.
"use strict";

// A code is shown as WDJB-MJHT, so it is written like that while it is typed.
const code = document.querySelector("input[data-code]");
if (code) {
  code.addEventListener("input", () => {
    if (code.selectionStart !== code.value.length) return; // in the middle: leave the cursor alone
    const letters = code.value.toUpperCase().replace(/[^A-Z0-9]/g, "").slice(0, 8);
    code.value = letters.length > 4 ? `${letters.slice(0, 4)}-${letters.slice(4)}` : letters;
  });
}

// The waiting page goes on when the laptop has answered.
const waiting = document.querySelector("[data-events]");
if (waiting) {
  const source = new EventSource(waiting.dataset.events);
  source.addEventListener("decided", () => {
    source.close();
    waiting.querySelector("[aria-live]").textContent = "The laptop has answered. Going on…";
    location.reload();
  });
  source.addEventListener("error", () => {
    // A refused stream (a restart, a limit) is closed for good: look again as a page without scripts would.
    if (source.readyState === EventSource.CLOSED) setTimeout(() => location.reload(), 3000);
  });
}
