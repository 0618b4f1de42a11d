// Markdown into elements, safely, while it is still being written. Nothing of the text ever becomes markup: elements are
// made one by one, their words are text nodes, and the only attributes that the text decides are checked addresses.
"use strict";

import { inline } from "./inline.js";

const MOST_DEPTH = 6;
const FENCE = /^ {0,3}(`{3,}|~{3,})([^`]*)$/;
const ITEM = /^( {0,9})([-*+]|\d{1,9}[.)])( |$)/;
const HEADING = /^ {0,3}(#{1,6})[ \t]/;
const QUOTE = /^ {0,3}> ?/;
const RULE = /^ {0,3}(?:(?:- *){3,}|(?:\* *){3,}|(?:_ *){3,})$/;

// Terminal commands, and what is not seen or turns the writing around. Joiners stay: emoji and Persian need them.
const COMMANDS = /\u001b(?:\[[0-?]*[ -/]*[@-~]?|\][^\u0007\u001b\n]*(?:\u0007|\u001b\\)?)/g;
const HIDDEN =
  /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb]|[\u{e0000}-\u{e0fff}]|[\ud800-\udbff](?![\udc00-\udfff])/gu;

/** The text without what could act on a terminal or on the order of letters. */
export function clean(text) {
  return text.replace(/\r\n?/g, "\n").replace(COMMANDS, "").replace(HIDDEN, "");
}

/** An element that shows a text which grows: what is finished stays, and only its last block is made anew. */
export class MarkdownView {
  constructor(element) {
    this.element = element;
    this.settled = 0;
    this.tail = [];
  }

  /** Show `text`, which begins with all that was shown before. `done`: nothing more will come. */
  show(text, done = false) {
    for (const node of this.tail) node.remove();
    const raw = text.slice(this.settled).split("\n");
    const made = document.createDocumentFragment();
    const starts = build(raw.map(oneLine), made, !done, 0);
    const nodes = [...made.childNodes]; // one a block
    this.element.append(made);
    // What a line begins is sure once the line is whole; then all before it is finished too.
    const last = done ? nodes.length : Math.max(0, starts.findLastIndex((line) => line < raw.length - 1));
    this.tail = nodes.slice(last);
    const lines = done ? raw.length : (starts[last] ?? 0);
    for (let i = 0; i < lines; i += 1) this.settled += raw[i].length + 1;
  }
}

function oneLine(line) {
  return clean(line.replace(/\r$/, "").replace(/\r/g, " ")).replace(/\t/g, "    ");
}

/** Make elements of `lines`; where the blocks of this level begin. `open`: the last line is not whole yet. */
function build(lines, into, open, depth) {
  const begun = [];
  let i = 0;
  while (i < lines.length) {
    const line = lines[i];
    if (line.trim() !== "") begun.push(i);
    const fence = FENCE.exec(line);
    const heading = HEADING.exec(line);
    if (line.trim() === "") i += 1;
    else if (fence) i = code(lines, i, fence[1], into);
    else if (heading) {
      // The page has headings of its own: those of an answer stand below them.
      const words = line.slice(heading[0].length).trim();
      sentence(element(`h${Math.min(6, heading[1].length + 2)}`, into), stripHashes(words), open && i === lines.length - 1);
      i += 1;
    } else if (RULE.test(line)) {
      element("hr", into);
      i += 1;
    } else if (depth < MOST_DEPTH && QUOTE.test(line)) i = quote(lines, i, into, open, depth);
    else if (depth < MOST_DEPTH && ITEM.test(line)) i = list(lines, i, into, open, depth);
    else if (isTable(lines, i)) i = table(lines, i, into, open);
    else i = paragraph(lines, i, into, open, depth);
  }
  return begun;
}

function code(lines, start, mark, into) {
  const indent = lines[start].length - lines[start].trimStart().length;
  let i = start + 1;
  const kept = [];
  for (; i < lines.length; i += 1) {
    const word = lines[i].trim();
    if (word.length >= mark.length && word === mark[0].repeat(word.length)) break;
    kept.push(lines[i].startsWith(" ".repeat(indent)) ? lines[i].slice(indent) : lines[i].trimStart());
  }
  const block = element("pre", into);
  block.tabIndex = 0; // it scrolls, so the keyboard must reach it
  block.dir = "ltr";
  element("code", block).textContent = kept.join("\n");
  return i + 1;
}

function quote(lines, start, into, open, depth) {
  const kept = [];
  let i = start;
  for (; i < lines.length && QUOTE.test(lines[i]); i += 1) kept.push(lines[i].replace(QUOTE, ""));
  build(kept, element("blockquote", into), open && i === lines.length, depth + 1);
  return i;
}

function list(lines, start, into, open, depth) {
  const [, margin, mark] = ITEM.exec(lines[start]);
  const numbered = /\d/.test(mark);
  const kind = mark.at(-1);
  const made = element(numbered ? "ol" : "ul", into);
  if (numbered && Number.parseInt(mark, 10) !== 1) made.start = Number.parseInt(mark, 10);
  let i = start;
  while (i < lines.length) {
    const found = ITEM.exec(lines[i]);
    if (!found || found[1].length > margin.length + 1 || found[2].at(-1) !== kind) break;
    const rest = lines[i].slice(found[0].length);
    const inner = found[0].length + (rest.length - rest.trimStart().length > 3 ? 0 : rest.length - rest.trimStart().length);
    const kept = [lines[i].slice(inner)];
    let blank = false;
    let fence = "";
    for (i += 1; i < lines.length; i += 1) {
      const line = lines[i];
      const space = line.length - line.trimStart().length;
      if (line.trim() === "") blank = true;
      else if (space > margin.length + 1 || (!blank && !fence && !starts(line))) blank = false;
      else break;
      const word = line.slice(Math.min(space, inner));
      const tick = /^ *(`{3,}|~{3,})/.exec(word);
      if (tick) fence = fence ? "" : tick[1];
      kept.push(word);
    }
    const item = element("li", made);
    item.dir = "auto";
    if (/^\[[ xX]\] /.test(kept[0])) kept[0] = (kept[0][1] === " " ? "☐ " : "☑ ") + kept[0].slice(4);
    build(kept, item, open && i === lines.length, depth + 1);
    const first = item.firstElementChild;
    if (first?.tagName === "P") first.replaceWith(...first.childNodes); // a tight list has no paragraphs
  }
  return i;
}

function isTable(lines, i) {
  const under = lines[i + 1];
  return (
    under !== undefined && lines[i].includes("|") && under.includes("-") && /^[ |:-]+$/.test(under) &&
    cells(under).length === cells(lines[i]).length
  );
}

function table(lines, start, into, open) {
  const frame = element("div", into);
  frame.className = "table";
  frame.tabIndex = 0;
  const made = element("table", frame);
  const heads = cells(lines[start]);
  const sides = cells(lines[start + 1]).map((cell) => (cell.endsWith(":") ? (cell.startsWith(":") ? "center" : "end") : ""));
  const row = (tag, section, texts, still) => {
    const line = element("tr", section);
    heads.forEach((_, column) => {
      const cell = element(tag, line);
      cell.dir = "auto";
      if (tag === "th") cell.scope = "col";
      if (sides[column]) cell.className = sides[column];
      inline(texts[column] ?? "", cell, still);
    });
  };
  row("th", element("thead", made), heads, false);
  const body = element("tbody", made);
  let i = start + 2;
  for (; i < lines.length && lines[i].includes("|"); i += 1) row("td", body, cells(lines[i]), open && i === lines.length - 1);
  return i;
}

function cells(line) {
  const found = [""];
  const text = line.trim().replace(/^\|/, "");
  for (let i = 0; i < text.length; i += 1) {
    if (text[i] === "\\" && text[i + 1] === "|") {
      found[found.length - 1] += "|";
      i += 1;
    } else if (text[i] === "|") found.push("");
    else found[found.length - 1] += text[i];
  }
  if (text.endsWith("|")) found.pop();
  return found.map((cell) => cell.trim());
}

function paragraph(lines, start, into, open, depth) {
  let i = start + 1;
  while (i < lines.length && lines[i].trim() !== "" && !(depth < MOST_DEPTH && starts(lines[i]))) i += 1;
  sentence(element("p", into), lines.slice(start, i).map((line) => line.trimStart()).join("\n"), open && i === lines.length);
  return i;
}

/** Whether a line begins a block of its own right below a paragraph. */
function starts(line) {
  return FENCE.test(line) || HEADING.test(line) || QUOTE.test(line) || RULE.test(line) || ITEM.test(line);
}

function sentence(made, text, open) {
  made.dir = "auto";
  inline(text, made, open);
}

function stripHashes(words) {
  let end = words.length;
  while (end > 0 && words[end - 1] === "#") end -= 1;
  return end === 0 || words[end - 1] === " " ? words.slice(0, end).trimEnd() : words;
}

function element(tag, into) {
  return into.appendChild(document.createElement(tag));
}
