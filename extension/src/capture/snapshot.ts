// The snapshot: a copy of what a person sees of a page, in a document of its own that runs, loads and names nothing.

import * as dom from './dom.ts'
import { language } from './language.ts'
import { DEPTH, type Limits } from './limits.ts'
import { address } from './link.ts'
import { Level, type Part, piecesOf, type Selected } from './selection.ts'
import { seen } from './text.ts'

/** Thrown where the page passes a limit; what `capture` answers then. */
export class TooLarge extends Error {}

/** Nothing in these is text that the page says. */
const DROPPED = new Set(
  (
    'applet area audio base button canvas datalist dialog embed frame frameset head iframe input keygen link map ' +
    'meta meter noembed noframes noscript object optgroup option param portal progress script select source style svg template ' +
    'textarea title track video'
  ).split(' '),
)

/** Kept under their own names; all others become a div or span, so that no element has a meaning of its own. */
const KEPT = new Set(
  (
    'a abbr address article aside b blockquote body br caption cite code col colgroup dd del details dfn div dl dt em figcaption ' +
    'figure footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark nav ol p picture pre q s samp section small span strike ' +
    'strong sub summary sup table tbody td tfoot th thead time tr tt u ul var'
  ).split(' '),
)

/** Attributes that say what an element is for; the class and id by which Readability tells text from its surroundings. */
const ATTRIBUTES = [
  'class',
  'id',
  'role',
  'itemprop',
  'rel',
  'dir',
  'lang',
  'start',
  'colspan',
  'rowspan',
  'align',
  'datetime',
]

const HIDING = new Set(['hidden', 'collapse'])

export interface Copy {
  document: Document
  /** UTF-16 units of text copied. */
  characters: number
}

/** Copies the page, or only what is selected. The page cannot change meanwhile. Throws TooLarge. */
export function copied(page: Document, limits: Limits, selected?: Selected): Copy {
  const target = new DOMParser().parseFromString('<!doctype html><html><head></head><body></body></html>', 'text/html')
  copyHead(page, target)
  const inside = selected?.document ?? page // a frame of it, which has addresses of its own
  const source = dom.body(inside)
  const walk = new Walk(inside, target, limits)
  if (source !== null) walk.children(source, target.body, 0, selected?.part ?? 'whole')
  return { document: target, characters: walk.characters }
}

/** What the page says of itself to machines: title, author and date, for Readability. */
function copyHead(page: Document, target: Document): void {
  target.title = seen(dom.title(page)).slice(0, 2_000)
  const root = dom.documentElement(page)
  if (root !== null) target.documentElement.lang = dom.attribute(root, 'lang')?.slice(0, 35) ?? ''
  const selector = 'meta[content], script[type="application/ld+json"]'
  const found = Array.from<Element>(Document.prototype.querySelectorAll.call(page, selector)).slice(0, 300)
  for (const element of found) {
    const copy = target.createElement(dom.localName(element))
    for (const name of ['name', 'property', 'itemprop', 'type', 'content']) {
      const value = dom.attribute(element, name)
      if (value !== null) copy.setAttribute(name, seen(value.slice(0, 2_000)))
    }
    if (dom.localName(element) === 'script') {
      const text = dom.textContent(element) ?? ''
      if (text.length > 200_000) continue
      copy.textContent = seen(text)
    }
    target.head.append(copy)
  }
}

class Walk {
  characters = 0
  private nodes = 0
  private preformatted = false
  private readonly base: string
  private readonly until: number

  constructor(
    page: Document,
    private readonly target: Document,
    private readonly limits: Limits,
  ) {
    this.base = dom.baseURI(page)
    this.until = performance.now() + limits.walk
  }

  children(from: Element, into: Element, depth: number, part: Part): void {
    const level = part === 'whole' ? null : new Level(from, part)
    for (const child of dom.drawn(from)) {
      this.count()
      const taken = level === null ? 'whole' : level.next(child)
      if (taken === null) continue
      if (dom.isText(child)) this.text(child, from, into, taken)
      else if (dom.isElement(child)) this.element(child, into, depth, taken)
    }
  }

  private count(): void {
    this.nodes += 1
    if (this.nodes > this.limits.nodes)
      throw new TooLarge(`it has more than ${this.limits.nodes.toLocaleString('en')} elements`)
    if (this.nodes % 256 === 0 && performance.now() > this.until) throw new TooLarge('it takes too long to be read')
  }

  private text(node: Text, parent: Element, into: Element, part: Part): void {
    if (HIDING.has(style(parent)?.visibility ?? '')) return
    const text = cutRuns(seen(piecesOf(node, part)), this.preformatted ? 1_000 : 20)
    this.characters += text.length
    if (this.characters > this.limits.characters) {
      throw new TooLarge(`it has more than ${this.limits.characters.toLocaleString('en')} characters`)
    }
    if (text !== '') into.append(this.target.createTextNode(text))
  }

  private element(element: Element, into: Element, depth: number, part: Part): void {
    const name = dom.localName(element)
    if (name === 'input') this.checkbox(element, into)
    const display = style(element)?.display ?? ''
    if (DROPPED.has(name) || display === 'none' || dom.attribute(element, 'hidden') !== null) return
    if (name === 'img') {
      this.image(element, into)
      return
    }
    if (depth >= DEPTH) {
      this.children(element, into, depth + 1 > DEPTH * 10 ? this.tooDeep() : depth + 1, part)
      return
    }
    const copy = this.target.createElement(KEPT.has(name) ? name : /^(inline|contents)/.test(display) ? 'span' : 'div')
    for (const attribute of ATTRIBUTES) {
      const value = dom.attribute(element, attribute)
      if (value !== null) copy.setAttribute(attribute, value.slice(0, 500))
    }
    if (name === 'a') {
      const href = address(dom.attribute(element, 'href'), this.base)
      if (href !== null) copy.setAttribute('href', href)
    }
    if (name === 'td')
      copy.setAttribute('data-align', dom.attribute(element, 'align')?.toLowerCase() ?? style(element)?.textAlign ?? '')
    if (name === 'pre' || name === 'code') this.language(element, copy)
    into.append(copy)
    const around = this.preformatted
    this.preformatted ||= name === 'pre'
    this.children(element, copy, depth + 1, part)
    this.preformatted = around
  }

  private tooDeep(): never {
    throw new TooLarge('its elements are nested too deeply')
  }

  private image(element: Element, into: Element): void {
    const named = ['src', 'data-src', 'data-original'].map((name) => dom.attribute(element, name))
    const srcset =
      dom
        .attribute(element, 'srcset')
        ?.trim()
        .split(/[\s,]+/)[0] ?? null
    const href = [...named, srcset]
      .map((each) => (each ? address(each, this.base) : null))
      .find((each) => each !== null)
    if (href === undefined) return
    const copy = this.target.createElement('img')
    copy.setAttribute('src', href)
    copy.setAttribute('alt', seen(dom.attribute(element, 'alt') ?? '').slice(0, 500))
    into.append(copy)
  }

  private checkbox(element: Element, into: Element): void {
    if (dom.attribute(element, 'type')?.toLowerCase() !== 'checkbox') return
    into.append(this.target.createTextNode((element as HTMLInputElement).checked ? '☑ ' : '☐ '))
  }

  /** Sphinx, GitHub and others name the language on an element around the code. */
  private language(element: Element, copy: Element): void {
    const named = dom.attribute(element, 'data-lang') ?? dom.attribute(element, 'data-language') ?? ''
    let found = language(dom.attribute(element, 'class') ?? '', named)
    let around = dom.parentNode(element)
    for (let up = 0; up < 3 && found === '' && around !== null && dom.isElement(around); up += 1) {
      found = language(dom.attribute(around, 'class') ?? '', '')
      around = dom.parentNode(around)
    }
    if (found !== '') copy.setAttribute('data-code-language', found)
  }
}

/** Runs of spaces beyond `most` cut: nobody reads them, and what turns text into Markdown would take for ever over them. */
function cutRuns(text: string, most: number): string {
  return text.replace(new RegExp(`\\s{${most + 1},}`, 'g'), (run) => run.slice(0, most))
}

function style(element: Element): CSSStyleDeclaration | undefined {
  return globalThis.getComputedStyle?.(element)
}
