// What is selected: in the page, in an open shadow root or in a frame of the same site; and which nodes lie in it, in the
// order in which they are drawn, so that what is slotted into a shadow root stands where the person sees it.

import * as dom from './dom.ts'

/** One end: before or after a node, or inside a text. */
interface Edge {
  node: Node
  side: 'before' | 'inside' | 'after'
  /** UTF-16 units of the text that lie before it. */
  offset: number
  /** From each element around it, as drawn, to the child that leads to it. */
  way: Map<Node, Node>
}

interface Stretch {
  start: Edge
  end: Edge
}

/** What of a node is selected: all of it, or what those stretches hold that begin or end in it. */
export type Part = 'whole' | readonly Stretch[]

export interface Selected {
  /** The page, or the frame in which the selection is. */
  document: Document
  part: Part
  /** Whether the browser sees text in it, also where an extension must not look. */
  hasText: boolean
}

/** Frames and shadow roots beyond these are not looked into. */
const MOST_FRAMES = 100
const FRAME_DEPTH = 4
const MOST_ELEMENTS = 300_000

/** Kinds of documents that a capture reads. */
export const READABLE = /^(text\/html|application\/xhtml\+xml|text\/plain)$/

/**
 * The selection of the frame that the person is in, else of the page, else of any frame. Null when there is none, and
 * when the person is in a frame of another site: what is selected elsewhere is not what they mean.
 */
export function selected(page: Document, depth = 0): Selected | null {
  if (inForeignFrame(page)) return null
  const roots = shadowRoots(page)
  const frames = depth < FRAME_DEPTH ? framesIn([page, ...roots]) : []
  const active = focused(page)
  const inFrame = (frame: Element) => {
    const inside = insideOf(frame)
    return inside === null ? null : selected(inside, depth + 1)
  }
  const near = frames.includes(active as Element) ? inFrame(active as Element) : null
  return near ?? own(page, roots) ?? frames.reduce<Selected | null>((found, frame) => found ?? inFrame(frame), null)
}

/** Whether the person is in a frame of another site, of which an extension sees nothing from here. */
export function inForeignFrame(page: Document): boolean {
  const active = focused(page)
  if (active === null || !/^i?frame$/.test(dom.localName(active))) return false
  const inside = insideOf(active)
  return inside === null || inForeignFrame(inside)
}

/** The selected pieces of a text, of which `part` says what is selected. */
export function piecesOf(node: Text, part: Part): string {
  const text = dom.data(node)
  if (part === 'whole') return text
  const at = (edge: Edge) => (edge.node === node && edge.side === 'inside' ? edge.offset : undefined)
  return part.map(({ start, end }) => text.slice(at(start), at(end))).join('')
}

/** The children of one element, asked for in the order in which they are drawn. */
export class Level {
  readonly #stretches: { stretch: Stretch; begun: boolean; over: boolean }[]

  constructor(
    private readonly from: Node,
    part: readonly Stretch[],
  ) {
    this.#stretches = part.map((stretch) => ({ stretch, begun: !stretch.start.way.has(from), over: false }))
  }

  /** What of the next child is selected; null when nothing is. */
  next(child: Node): Part | null {
    const partly: Stretch[] = []
    let whole = false
    for (const each of this.#stretches) {
      if (each.over) continue
      const { start, end } = each.stretch
      const begins = start.way.get(this.from) === child
      const ends = end.way.get(this.from) === child
      if (!each.begun && !begins) continue
      each.begun = true
      each.over = ends
      const is = (edge: Edge, side: Edge['side']) => edge.node === child && edge.side === side
      if ((begins && is(start, 'after')) || (ends && is(end, 'before'))) continue
      const beginsInside = begins && !is(start, 'before')
      const endsInside = ends && !is(end, 'after')
      if (beginsInside || endsInside) partly.push(each.stretch)
      else whole = true
    }
    if (whole) return 'whole'
    return partly.length > 0 ? partly : null
  }
}

function own(page: Document, roots: ShadowRoot[]): Selected | null {
  if (!READABLE.test(dom.contentType(page))) return null
  const selection = Document.prototype.getSelection.call(page)
  if (selection === null) return null
  const ranges = rangesOf(selection, roots).filter((range) => !range.collapsed)
  const part = ranges.map((range) => ({
    start: edge(range.startContainer, range.startOffset),
    end: edge(range.endContainer, range.endOffset),
  }))
  return part.length > 0 ? { document: page, part, hasText: selection.toString().trim() !== '' } : null
}

/** A range of the page itself ends where a shadow root begins; the composed ones go into those that are named. */
function rangesOf(selection: Selection, roots: ShadowRoot[]): AbstractRange[] {
  const several = selection.rangeCount > 1 // Firefox alone selects several, and tells the first of them composed
  if (!several && roots.length > 0 && typeof selection.getComposedRanges === 'function') {
    return selection.getComposedRanges({ shadowRoots: roots })
  }
  return Array.from({ length: selection.rangeCount }, (_, n) => selection.getRangeAt(n))
}

function edge(container: Node, offset: number): Edge {
  if (dom.isText(container)) return along(container, 'inside', offset)
  const children = dom.childNodes(container)
  const child = children[offset]
  if (child !== undefined) return along(child, 'before')
  const last = children[children.length - 1]
  if (last !== undefined) return along(last, 'after')
  return along(dom.isShadowRoot(container) ? dom.host(container) : container, 'before')
}

function along(node: Node, side: Edge['side'], offset = 0): Edge {
  let found: Edge = { node, side, offset, way: new Map() }
  for (let child = node; ; ) {
    const around = dom.parentNode(child)
    if (around === null) return found
    const parent = dom.drawnParent(child)
    if (parent !== null) found.way.set(parent, child)
    // Nothing draws it: what holds it stands for it.
    else found = { node: around, side: 'before', offset: 0, way: new Map() }
    child = parent ?? around
  }
}

/** What has the focus; an element in a shadow root, and not the root's host. */
function focused(page: Document): Element | null {
  let element = dom.activeElement(page)
  for (;;) {
    const root = element === null ? null : dom.shadowRoot(element)
    if (root === null) return element
    element = root.activeElement
  }
}

function shadowRoots(page: Document): ShadowRoot[] {
  const found: ShadowRoot[] = []
  let looked = 0
  const search = (all: NodeListOf<Element>) => {
    for (const element of all) {
      looked += 1
      if (looked > MOST_ELEMENTS) return
      const root = dom.shadowRoot(element)
      if (root === null) continue
      found.push(root)
      search(DocumentFragment.prototype.querySelectorAll.call(root, '*') as NodeListOf<Element>)
    }
  }
  search(Document.prototype.querySelectorAll.call(page, '*') as NodeListOf<Element>)
  return found
}

/** Those that are shown: what the page selects where nobody looks is not the person's selection. */
function framesIn(trees: readonly (Document | ShadowRoot)[]): Element[] {
  const all = trees.flatMap((tree) => {
    const query = dom.isShadowRoot(tree) ? DocumentFragment.prototype : Document.prototype
    return Array.from<Element>(query.querySelectorAll.call(tree, 'iframe, frame'))
  })
  return all.slice(0, MOST_FRAMES).filter((frame) => Element.prototype.checkVisibility?.call(frame) ?? true)
}

/** The document in a frame of the same site; null in one of another. */
function insideOf(frame: Element): Document | null {
  return (frame as HTMLIFrameElement).contentDocument
}
