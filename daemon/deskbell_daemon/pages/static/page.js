"use strict";
// Keeps the page current. Without it, everything works with a reload.

const live = () => document.getElementById("live");
const SETTLE_MS = 700; // what has just moved under the pointer takes no click
let source = null;
let timer = 0;
let busy = false;
let again = false;

function cards(root) {
  return Array.from(root.querySelectorAll("article"), (card) => card.id).join(" ");
}

function take(fresh) {
  const old = live();
  const moved = cards(old) !== cards(fresh);
  const focused = document.activeElement && document.activeElement.id;
  for (const one of old.querySelectorAll("details[id]")) {
    const other = fresh.querySelector("#" + CSS.escape(one.id));
    if (other) other.open = one.open;
  }
  for (const one of old.querySelectorAll("select[id]")) {
    const other = fresh.querySelector("#" + CSS.escape(one.id));
    if (other) other.value = one.value;
  }
  const said = old.querySelector("#flash");
  if (said && !fresh.querySelector("#flash")) fresh.querySelector("main").prepend(said);
  old.replaceWith(fresh);
  if (focused) {
    const other = document.getElementById(focused);
    (other || document.getElementById("main")).focus({ preventScroll: true });
  }
  if (moved) {
    const main = document.getElementById("main");
    for (const form of main.querySelectorAll("form.answers, .more form")) {
      form.addEventListener("submit", hold, { capture: true });
      setTimeout(() => form.removeEventListener("submit", hold, { capture: true }), SETTLE_MS);
    }
  }
}

function hold(event) {
  event.preventDefault();
}

function gone() {
  document.getElementById("gone").hidden = false;
  if (source) source.close();
  source = null;
}

async function refresh() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  try {
    const answer = await fetch(location.pathname, { cache: "no-store", redirect: "error" });
    if (answer.ok) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      document.title = page.title;
      take(page.getElementById("live"));
      document.getElementById("gone").hidden = true;
    } else if (answer.status === 403) {
      gone();
    }
  } catch {
    document.getElementById("gone").hidden = false;
  } finally {
    busy = false;
    if (again) {
      again = false;
      soon();
    }
  }
}

function soon() {
  clearTimeout(timer);
  timer = setTimeout(refresh, 150);
}

function listen() {
  if (source || document.hidden) return;
  source = new EventSource("events");
  source.addEventListener("changed", soon);
  source.addEventListener("error", () => {
    if (source && source.readyState === EventSource.CLOSED) gone();
    else soon(); // it connects again; a daemon that is gone shows at once
  });
}

// A browser gives one server six connections: a tab that nobody looks at must not keep one.
document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    if (source) source.close();
    source = null;
  } else if (!source) {
    listen();
    soon();
  }
});

listen();
