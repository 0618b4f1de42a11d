// The words inside a block: emphasis, code, links. Each mark is looked for once, so that no text takes long.
"use strict";

const MOST_DEPTH = 6;
const MOST_CHARACTERS = 20_000; // of one block; a longer one is shown as it is
const MOST_LABEL = 1_000;
const MOST_ADDRESS = 2_000;
const SCHEMES = ["https:", "http:", "mailto:"];

const ADDRESS = /https?:\/\/[^\s<>"'`\\]{1,2000}/y;
const POINTED = /<(https?:\/\/[^\s<>]{1,2000})>/y;
const PUNCTUATION = /[!-/:-@[-`{-~]/;
const MARKS = ["***", "**", "__", "~~", "*", "_"];
const TAGS = { "**": "strong", __: "strong", "~~": "del", "*": "em", _: "em" };

/** Put `text` into the element `into`. `open`: its end is not there yet. `links`: whether they may be followed. */
export function inline(text, into, open, depth = 0, links = true) {
  if (text.length > MOST_CHARACTERS || depth > MOST_DEPTH) {
    into.append(text);
    return;
  }
  const missing = new Set(); // marks that have no end from here on
  let words = "";
  let i = 0;
  const flush = () => {
    if (words) into.append(words);
    words = "";
  };
  while (i < text.length) {
    const letter = text[i];
    if (letter === "\\" && i + 1 < text.length && PUNCTUATION.test(text[i + 1])) {
      words += text[i + 1];
      i += 2;
    } else if (letter === "`") {
      const run = runOf(text, i);
      const end = missing.has(run) ? -1 : endOfCode(text, i + run.length, run);
      if (end < 0 && !(open && i + run.length < text.length)) {
        missing.add(run);
        words += run;
        i += run.length;
      } else {
        flush();
        const code = into.appendChild(document.createElement("code"));
        code.textContent = codeWords(text.slice(i + run.length, end < 0 ? text.length : end));
        i = end < 0 ? text.length : end + run.length;
      }
    } else if (links && (letter === "[" || (letter === "!" && text[i + 1] === "["))) {
      const image = letter === "!";
      const found = linkAt(text, image ? i + 1 : i);
      if (found === null) {
        words += letter;
        i += 1;
      } else if (found.end === null) {
        // The address is still coming: until it is there, its words are only words.
        if (!open) {
          words += letter;
          i += 1;
          continue;
        }
        flush();
        inline(found.label, into, false, depth + 1, false);
        i = text.length;
      } else {
        flush();
        link(found, image, into, depth);
        i = found.end;
      }
    } else if (links && letter === "<" && matches(POINTED, text, i)) {
      const [whole, address] = matches(POINTED, text, i);
      flush();
      plainLink(address, into);
      i += whole.length;
    } else if (links && letter === "h" && !/[\p{L}\p{N}]/u.test(text[i - 1] ?? "") && matches(ADDRESS, text, i)) {
      const address = withoutTail(matches(ADDRESS, text, i)[0]);
      flush();
      plainLink(address, into);
      i += address.length;
    } else {
      const mark = "*_~".includes(letter) ? MARKS.find((each) => text.startsWith(each, i)) : undefined;
      const end = mark === undefined ? -1 : endOfMark(text, i, mark, missing);
      const goesOn = mark !== undefined && end < 0 && open && opens(text, i, mark);
      if (end < 0 && !goesOn) {
        words += mark ?? letter;
        i += (mark ?? letter).length;
      } else {
        flush();
        const inside = text.slice(i + mark.length, end < 0 ? text.length : end);
        let made = into.appendChild(document.createElement(TAGS[mark] ?? "strong"));
        if (mark === "***") made = made.appendChild(document.createElement("em"));
        inline(inside, made, end < 0, depth + 1, links);
        i = end < 0 ? text.length : end + mark.length;
      }
    }
  }
  flush();
}

function matches(pattern, text, at) {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function runOf(text, start) {
  let end = start;
  while (text[end] === text[start]) end += 1;
  return text.slice(start, end);
}

function endOfCode(text, from, run) {
  for (let at = text.indexOf(run, from); at >= 0; at = text.indexOf(run, at)) {
    const found = runOf(text, at);
    if (found.length === run.length) return at;
    at += found.length;
  }
  return -1;
}

function codeWords(text) {
  const line = text.replace(/\n/g, " ");
  return line.length > 2 && line.startsWith(" ") && line.endsWith(" ") && line.trim() ? line.slice(1, -1) : line;
}

function opens(text, at, mark) {
  const after = text[at + mark.length];
  const before = text[at - 1] ?? " ";
  return after !== undefined && !/\s/.test(after) && after !== mark[0] && !(mark[0] === "_" && /[\p{L}\p{N}]/u.test(before));
}

/** Where the mark at `at` ends; -1 when it does not. */
function endOfMark(text, at, mark, missing) {
  if (missing.has(mark) || !opens(text, at, mark)) return -1;
  for (let end = text.indexOf(mark, at + mark.length + 1); end >= 0; end = text.indexOf(mark, end)) {
    const run = runOf(text, end).length;
    const after = text[end + run] ?? " ";
    const word = mark[0] === "_" && /[\p{L}\p{N}]/u.test(after);
    if (run >= mark.length && (run === mark.length || mark.length > 1) && !/\s/.test(text[end - 1]) && !word && text[end - 1] !== "\\") {
      return end + run - mark.length;
    }
    end += run;
  }
  missing.add(mark);
  return -1;
}

/** `[label](address "title")`: null when it is none; `end` null when its end is not there yet. */
function linkAt(text, start) {
  let depth = 0;
  const most = Math.min(text.length, start + MOST_LABEL);
  for (let i = start; i < most; i += 1) {
    if (text[i] === "\\") i += 1;
    else if (text[i] === "[") depth += 1;
    else if (text[i] === "]") {
      depth -= 1;
      if (depth === 0) return addressAt(text, i + 1, text.slice(start + 1, i));
    }
  }
  return null;
}

function addressAt(text, start, label) {
  if (text[start] !== "(") return null;
  let depth = 0;
  const most = Math.min(text.length, start + MOST_ADDRESS);
  for (let i = start; i < most; i += 1) {
    if (text[i] === "\n") return null;
    if (text[i] === "\\") i += 1;
    else if (text[i] === "(") depth += 1;
    else if (text[i] === ")") {
      depth -= 1;
      if (depth === 0) {
        const inside = text.slice(start + 1, i).trim();
        return { label, address: inside.replace(/^<|>$/g, "").split(/\s/)[0], end: i + 1 };
      }
    }
  }
  return most === text.length ? { label, address: "", end: null } : null;
}

function withoutTail(address) {
  let end = address.length;
  while (end > 0 && ".,;:!?*_~])}".includes(address[end - 1])) {
    if (address[end - 1] === ")" && address.slice(0, end).split("(").length === address.slice(0, end).split(")").length) break;
    end -= 1;
  }
  return address.slice(0, end);
}

/** The address, if following it can do no more than open another page. */
function safe(address) {
  let url;
  try {
    url = new URL(address); // without a base: an address of ours, which would be signed in, cannot be meant
  } catch {
    return null;
  }
  return SCHEMES.includes(url.protocol) ? url : null;
}

function anchor(url, into) {
  const made = into.appendChild(document.createElement("a"));
  made.href = url.href;
  made.rel = "noopener noreferrer nofollow";
  made.target = "_blank";
  return made;
}

function link(found, image, into, depth) {
  const label = image ? `Picture: ${found.label || "without a name"}` : found.label;
  const url = safe(found.address);
  const made = url === null ? into : anchor(url, into);
  inline(label, made, false, depth + 1, false); // no link in a link: it would only pretend
  if (url !== null) whereTo(url, into);
}

function plainLink(address, into) {
  const url = safe(address);
  if (url === null) {
    into.append(address);
    return;
  }
  anchor(url, into).textContent = address;
  if (url.username || url.password || !address.toLowerCase().includes(url.host)) whereTo(url, into);
}

/** A link says where it goes, whatever its words say. */
function whereTo(url, into) {
  const host = into.appendChild(document.createElement("span"));
  host.className = "where";
  host.textContent = ` (${url.protocol === "mailto:" ? `mail to ${url.pathname}` : url.host})`;
}
