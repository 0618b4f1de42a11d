// @vitest-environment happy-dom
/** Markdown of an assistant, a model or a page is shown, and can do nothing. */

import { render } from 'preact'
import { afterEach, describe, expect, it } from 'vitest'
import { Markdown } from '../../src/ui/markdown/markdown.tsx'
import { neutral } from '../../src/ui/neutral.ts'
import TEXTS from './hostile.json'

const HOSTILE = [...TEXTS, '\ud800 alone, and \udc00 too']

const place = () => document.body

function shown(text: string, growing = false): HTMLElement {
  render(<Markdown text={text} growing={growing} />, place())
  return place()
}

afterEach(() => render(null, place()))

const ALLOWED = new Set(
  'DIV P STRONG EM DEL BR HR CODE PRE BLOCKQUOTE UL OL LI INPUT TABLE THEAD TBODY TR TH TD A SPAN H2 H3 H4 H5 H6'.split(
    ' ',
  ),
)

/** Nothing outside the allow-list, no handler, no address but a harmless one. */
function inert(root: HTMLElement): void {
  for (const element of root.querySelectorAll('*')) {
    expect(ALLOWED, element.outerHTML.slice(0, 200)).toContain(element.tagName)
    for (const { name, value } of element.attributes) {
      expect(name).not.toMatch(/^on|^src|^style|^srcdoc|^formaction|^xlink|^action/i)
      if (name === 'href') expect(value).toMatch(/^(https?:\/\/[^@]+|mailto:.*)$/)
    }
    if (element.tagName === 'A') expect(element.getAttribute('rel')).toContain('noopener')
    expect(element.querySelector('a a')).toBeNull()
  }
  expect(neutral(root.textContent, { lines: true })).toBe(root.textContent)
}

describe('hostile texts', () => {
  it.each(HOSTILE)('are inert: %s', (text) => {
    inert(shown(text))
  })

  it.each(HOSTILE)('are inert at every moment of their arrival: %s', (text) => {
    for (let end = 1; end <= text.length; end += Math.max(1, Math.floor(text.length / 60))) {
      inert(shown(text.slice(0, end), true))
    }
  })

  it.each([
    ['quotes in quotes', '>'.repeat(20_000)],
    ['lists in lists', Array.from({ length: 2_000 }, (_, depth) => `${' '.repeat(depth * 2)}- a`).join('\n')],
    ['lists in one line', `${'- '.repeat(20_000)}a`],
    ['emphasis that never ends', '**a _b '.repeat(40_000)],
    ['emphasis in emphasis', `${'**a'.repeat(20_000)}${'a**'.repeat(20_000)}`],
    ['brackets', '['.repeat(100_000)],
    ['fifty megabytes', 'word '.repeat(10_000_000)],
  ])('do not take the page hostage: %s', (_, text) => {
    const began = process.cpuUsage() // not the clock's time, which a busy machine makes long
    inert(shown(text))
    expect(process.cpuUsage(began).user / 1_000_000).toBeLessThan(5)
  })
})

describe('what is shown', () => {
  it('has headings, lists, tasks, tables, code with its language, quotes', () => {
    const root = shown(
      '# A\n\n## B\n\n- one\n  - two\n- [x] done\n\n3. three\n\n| a | b |\n|---|--:|\n| `1` | **2** |\n\n```py\nx = 1 < 2\n```\n\n> said',
    )
    expect(root.querySelector('h2')?.textContent).toBe('A')
    expect(root.querySelector('h3')?.textContent).toBe('B')
    expect(root.querySelector('ul ul li')?.textContent).toBe('two')
    expect(root.querySelector<HTMLInputElement>('li.task input')?.checked).toBe(true)
    expect(root.querySelector('ol')?.getAttribute('start')).toBe('3')
    expect(root.querySelector('td.right strong')?.textContent).toBe('2')
    expect(root.querySelector('pre')?.dataset.language).toBe('py')
    expect(root.querySelector('pre code')?.textContent).toBe('x = 1 < 2')
    expect(root.querySelector('blockquote p')?.textContent).toBe('said')
  })

  it('says where a link leads, unless its text does', () => {
    const root = shown(
      '[my bank](https://evil.example/x) and https://good.example/ and [good.example](https://good.example)',
    )
    expect([...root.querySelectorAll('.host')].map((host) => host.textContent)).toEqual([' (evil.example)'])
  })

  it('says where a link leads whose text names another host', () => {
    expect(shown('[https://good.example](https://evil.example)').querySelector('.host')?.textContent).toBe(
      ' (evil.example)',
    )
  })

  it('gives the host of a look-alike in ASCII', () => {
    expect(shown('[bank](https://xn--pple-43d.com/)').textContent).toContain('xn--')
    expect(shown('[bank](https://аpple.com/)').textContent).toContain('xn--')
  })

  it('does not load a picture: it links to it', () => {
    const root = shown('![a boat](https://example.org/boat.png)')
    expect(root.querySelector('img')).toBeNull()
    expect(root.querySelector('a')?.textContent).toBe('🖼 a boat')
  })

  it('reads character references, and shows HTML as text', () => {
    const root = shown('a &amp; b &#x41; &#0; &unknown; <b>bold</b>')
    expect(root.textContent).toBe('a & b A \ufffd &unknown; <b>bold</b>')
  })
})

describe('a text that grows', () => {
  it.each([
    ['a **bo', 'a bo', 'strong'],
    ['a **bo*', 'a bo', 'strong'],
    ['a *it', 'a it', 'em'],
    ['a `co', 'a co', 'code'],
    ['a ~~de', 'a de', 'del'],
  ])('shows no half mark: %s', (text, read, element) => {
    const root = shown(text, true)
    expect(root.textContent).toBe(read)
    expect(root.querySelector(element)).not.toBeNull()
  })

  it.each([
    ['see [the text', 'see the text'],
    ['see [the text](https://exam', 'see the text'],
    ['see ![a boat](htt', 'see a boat'],
    ['a **', 'a '],
    ['2 * 3 * 4', '2 * 3 * 4'],
    ['snake_case_name', 'snake_case_name'],
    ['done **well** and', 'done well and'],
  ])('reads well: %s', (text, read) => {
    expect(shown(text, true).textContent?.trimEnd()).toBe(read.trimEnd())
  })

  it('ends as the whole text is', () => {
    const text =
      '# A\n\nOne **two** three.\n\n- a\n- b\n\n```js\nlet x\n\nlet y\n```\n\n| a |\n|---|\n| 1 |\n\nEnd [x](https://x.example).'
    const whole = shown(text).cloneNode(true)
    render(null, place())
    for (let end = 1; end <= text.length; end++) shown(text.slice(0, end), true)
    expect(place().isEqualNode(whole)).toBe(true)
  })
})
