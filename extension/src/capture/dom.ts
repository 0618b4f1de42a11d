// Reading a hostile document: `<input name="firstChild">` in a form hides the form's own property, also from us.
// Each property is read by the accessor of its prototype, which no page can name away in an extension's world.

function getter<T>(prototype: object, name: string): (of: object) => T {
  const get = Object.getOwnPropertyDescriptor(prototype, name)?.get
  if (get === undefined) throw new TypeError(`This browser has no ${name}.`)
  return (of) => get.call(of) as T
}

export const firstChild = getter<Node | null>(Node.prototype, 'firstChild')
export const nextSibling = getter<Node | null>(Node.prototype, 'nextSibling')
export const parentNode = getter<Node | null>(Node.prototype, 'parentNode')
export const nodeType = getter<number>(Node.prototype, 'nodeType')
export const childNodes = getter<NodeListOf<Node>>(Node.prototype, 'childNodes')
export const baseURI = getter<string>(Node.prototype, 'baseURI')
export const textContent = getter<string | null>(Node.prototype, 'textContent')
export const localName = getter<string>(Element.prototype, 'localName')
export const shadowRoot = getter<ShadowRoot | null>(Element.prototype, 'shadowRoot')
export const host = getter<Element>(ShadowRoot.prototype, 'host')
export const data = getter<string>(CharacterData.prototype, 'data')
export const documentElement = getter<Element | null>(Document.prototype, 'documentElement')
export const contentType = getter<string>(Document.prototype, 'contentType')
export const body = getter<Element | null>(Document.prototype, 'body')
export const activeElement = getter<Element | null>(Document.prototype, 'activeElement')
export const title = getter<string>(Document.prototype, 'title')

/** An attribute's value; null when it is absent. */
export function attribute(element: Element, name: string): string | null {
  return Element.prototype.getAttribute.call(element, name)
}

export function isElement(node: Node): node is Element {
  return nodeType(node) === 1
}

export function isText(node: Node): node is Text {
  const type = nodeType(node)
  return type === 3 || type === 4
}

/** Of the trees that a page is made of, shadow roots alone are fragments. */
export function isShadowRoot(node: Node): node is ShadowRoot {
  return nodeType(node) === 11
}

const elementsSlot = getter<HTMLSlotElement | null>(Element.prototype, 'assignedSlot')
const textsSlot = getter<HTMLSlotElement | null>(Text.prototype, 'assignedSlot')

/** What holds it where it is drawn, so that `drawn` of that gives it; null for what no slot takes. */
export function drawnParent(node: Node): Node | null {
  const parent = parentNode(node)
  if (parent === null || isShadowRoot(parent)) return parent === null ? null : host(parent)
  let holder: Node | null = parent
  if (isElement(parent) && shadowRoot(parent) !== null) {
    holder = isElement(node) ? elementsSlot(node) : isText(node) ? textsSlot(node) : null
  }
  // A slot in a slot is left out, as `flatten` does.
  for (let outer = holder; outer !== null && isElement(outer) && localName(outer) === 'slot'; ) {
    outer = elementsSlot(outer)
    holder = outer ?? holder
  }
  return holder
}

/** The children as they are drawn: those of an open shadow root, with what is slotted into it. */
export function* drawn(element: Element): Generator<Node> {
  if (localName(element) === 'slot') {
    const assigned = (element as HTMLSlotElement).assignedNodes?.({ flatten: true }) ?? []
    if (assigned.length > 0) {
      yield* assigned
      return
    }
  }
  for (let child = firstChild(shadowRoot(element) ?? element); child !== null; child = nextSibling(child)) yield child
}
