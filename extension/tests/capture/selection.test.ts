// @vitest-environment jsdom
// @vitest-environment-options {"url": "https://site.example/read/page.html"}

import { afterEach, describe, expect, test } from 'vitest'
import { type Captured, capture } from '../../src/capture/capture.ts'

type End = readonly [Node, number]

function open(html: string): void {
  document.open()
  document.write(html)
  document.close()
}

function at(id: string, root: Document | ShadowRoot = document): Element {
  const found = root.getElementById(id)
  if (found === null) throw new Error(`There is no #${id}.`)
  return found
}

/** The text node in an element. */
function words(element: Element): Node {
  return element.firstChild as Node
}

function shadow(host: Element, html: string): ShadowRoot {
  const root = host.attachShadow({ mode: 'open' })
  root.innerHTML = html
  return root
}

/** What browsers answer of a selection that begins or ends in a shadow root; jsdom knows none. */
function selectComposed([start, from]: End, [end, to]: End): void {
  Object.assign(Selection.prototype, {
    getComposedRanges: ({ shadowRoots }: { shadowRoots: ShadowRoot[] }) => {
      for (const node of [start, end]) {
        const root = node.getRootNode()
        if (root !== document && !shadowRoots.includes(root as ShadowRoot)) throw new Error('a root was not named')
      }
      return [{ startContainer: start, startOffset: from, endContainer: end, endOffset: to, collapsed: false }]
    },
  })
}

function taken(): Captured {
  const outcome = capture(document, 'selection')
  if ('failure' in outcome) throw new Error(outcome.failure.message)
  return outcome.page
}

afterEach(() => {
  delete (Selection.prototype as { getComposedRanges?: unknown }).getComposedRanges
})

describe('a selection in an open shadow root', () => {
  test('is taken from the middle of a word to the middle of another', () => {
    open('<title>T</title><p>Around.</p><div id=host></div><p>After.</p>')
    const root = shadow(at('host'), '<h2 id=h>Shadow head</h2><p>Between</p><p id=t>Shadow tail</p>')
    selectComposed([words(at('h', root)), 7], [words(at('t', root)), 6])
    expect(taken()).toMatchObject({ title: 'T', markdown: '## head\n\nBetween\n\nShadow' })
  })

  test('holds what is slotted between its ends, where it is drawn', () => {
    open('<p>Around.</p><div id=host><p>Slotted <b>words</b></p><p slot=none>Drawn nowhere</p></div><p>After.</p>')
    const root = shadow(at('host'), '<p id=h>Head</p><slot></slot><p id=t>Tail</p>')
    selectComposed([words(at('h', root)), 0], [words(at('t', root)), 4])
    expect(taken().markdown).toBe('Head\n\nSlotted **words**\n\nTail')
  })

  test('can begin in it and end in what is slotted, and the other way round', () => {
    open('<div id=host><p id=s>Slotted words</p></div>')
    const root = shadow(at('host'), '<p id=h>Head</p><slot></slot><p id=t>Tail</p>')
    selectComposed([words(at('h', root)), 2], [words(at('s')), 7])
    expect(taken().markdown).toBe('ad\n\nSlotted')
    selectComposed([words(at('s')), 8], [words(at('t', root)), 2])
    expect(taken().markdown).toBe('words\n\nTa')
  })

  test('can begin in the page and end in a root within a root', () => {
    open('<p id=a>Before it</p><div id=outer></div><p>After.</p>')
    const outer = shadow(at('outer'), '<p>Outer</p><div id=inner></div><p>Outer end</p>')
    const inner = shadow(at('inner', outer), '<p id=i>Inner words</p>')
    selectComposed([words(at('a')), 7], [words(at('i', inner)), 5])
    expect(taken().markdown).toBe('it\n\nOuter\n\nInner')
  })

  test('goes through a slot in a slot', () => {
    open('<div id=outer><p id=s>Handed on twice</p></div>')
    const outer = shadow(at('outer'), '<div id=inner><slot></slot></div>')
    shadow(at('inner', outer), '<section><slot></slot></section><p>Not this</p>')
    selectComposed([words(at('s')), 0], [words(at('s')), 9])
    expect(taken().markdown).toBe('Handed on')
  })

  test('of whole elements ends where they end', () => {
    open('<p>Around.</p><div id=host></div><p>After.</p>')
    const root = shadow(at('host'), '<p>One</p><p>Two</p><p>Three</p><p></p>')
    selectComposed([root, 1], [root, 2])
    expect(taken().markdown).toBe('Two')
    selectComposed([root, 2], [root, 4])
    expect(taken().markdown).toBe('Three')
    selectComposed([document.body, 0], [document.body, 1])
    expect(taken().markdown).toBe('Around.')
  })
})

describe('a selection in a frame', () => {
  function framed(html: string, id = 'f'): Document {
    const inside = (at(id) as HTMLIFrameElement).contentDocument
    if (inside === null) throw new Error('The frame is closed.')
    inside.open()
    inside.write(html)
    inside.close()
    return inside
  }

  function select(inside: Document, id: string): void {
    const selection = inside.getSelection()
    selection?.removeAllRanges()
    selection?.selectAllChildren(at(id, inside))
  }

  test('of the same site is taken, under the name and address of the page', () => {
    open('<title>Outer</title><p>Around.</p><iframe id=f></iframe>')
    const inside = framed(
      '<base href="https://site.example/inner/"><p id=a>In <a href="x">the frame</a></p><p>Not this</p>',
    )
    select(inside, 'a')
    expect(taken()).toMatchObject({
      title: 'Outer',
      url: 'https://site.example/read/page.html',
      markdown: 'In [the frame](https://site.example/inner/x)',
    })
  })

  test('with the focus goes before the one of the page, and that before one of a frame behind', () => {
    open('<p id=a>In the page</p><iframe id=f></iframe>')
    const inside = framed('<p id=b>In the frame</p>')
    select(document, 'a')
    select(inside, 'b')
    expect(taken().markdown).toBe('In the page')
    ;(at('f') as HTMLIFrameElement).focus()
    expect(taken().markdown).toBe('In the frame')
  })

  test('in a frame in a frame', () => {
    open('<iframe id=f></iframe>')
    const inside = framed('<p>Middle</p><iframe id=g></iframe>')
    const inmost = (at('g', inside) as HTMLIFrameElement).contentDocument as Document
    inmost.body.innerHTML = '<p id=c>Deep inside</p>'
    select(inmost, 'c')
    expect(taken().markdown).toBe('Deep inside')
  })

  test('of another site is not looked into, and the answer says what to do', () => {
    open('<p id=a>Around.</p><iframe id=f></iframe>')
    select(document, 'a') // from before: the person has gone on into the frame
    Object.defineProperty(at('f'), 'contentDocument', { value: null })
    ;(at('f') as HTMLIFrameElement).focus()
    expect(capture(document, 'selection')).toEqual({
      failure: { code: 'nothing_selected', message: expect.stringContaining('Open the frame in a tab') },
    })
  })

  test('a page that names its own properties away is read all the same', () => {
    open('<img name="activeElement"><form name="getSelection"></form><p id=a>Words</p>')
    const range = document.createRange()
    range.selectNodeContents(at('a'))
    const selection = window.getSelection()
    selection?.removeAllRanges()
    selection?.addRange(range)
    expect(taken().markdown).toBe('Words')
  })
})

test('a selection of which an extension sees nothing is no empty one', () => {
  open('<div id=host></div>')
  const closed = at('host').attachShadow({ mode: 'closed' })
  closed.innerHTML = '<p>Closed words</p>'
  const selection = document.getSelection() as Selection
  selection.selectAllChildren(document.body)
  selection.toString = () => 'Closed words'
  expect(capture(document, 'selection')).toEqual({
    failure: { code: 'page_not_readable', message: expect.stringContaining('keeps closed to extensions') },
  })
})
