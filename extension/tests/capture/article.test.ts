// @vitest-environment jsdom
// @vitest-environment-options {"url": "https://site.example/read/page.html"}

import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { type Captured, capture, type Part } from '../../src/capture/capture.ts'

function page(name: string): string {
  return readFileSync(new URL(`tests/capture/pages/${name}`, `file://${process.cwd()}/`), 'utf8')
}

function open(html: string): void {
  document.open()
  document.write(html)
  document.close()
}

function captured(html: string, part: Part = 'page'): Captured {
  open(html)
  const outcome = capture(document, part)
  if ('failure' in outcome) throw new Error(outcome.failure.message)
  return outcome.page
}

describe('articles', () => {
  test.each(['essay', 'manual'])('%s: the text is whole, in order, with its lists, links, code and tables', (name) => {
    expect(`${captured(page(`${name}.html`)).markdown}\n`).toBe(page(`${name}.md`))
  })

  test('what the page says of itself is kept', () => {
    const { markdown, ...about } = captured(page('essay.html'))
    expect(about).toEqual({
      url: 'https://site.example/read/page.html',
      title: 'Why a boat needs two oars',
      author: 'Ada Maritim',
      published: '2026-03-14T08:30:00+01:00',
      site: 'The Harbour Letter',
      language: 'en-GB',
    })
    expect(markdown).not.toContain('evil.example')
  })

  test('a lazy picture is a link to where it really is, its brackets harmless', () => {
    const { markdown, author, language } = captured(page('news.html'))
    expect(markdown).toContain('[Die »Möwe« \\[am Kai\\]](https://bilder.example/moewe%281%29.jpg) Für den Winter')
    expect(markdown).toContain('„zum Schluss kannten wir die Kinder des Zöllners mit Namen.“')
    expect(markdown).not.toMatch(/!\[|data:|Anmelden|Jetzt abonnieren/)
    expect([author, language]).toEqual(['Jörg Özdemir', 'de'])
  })

  test('a page that is no article is given without its menus, its boxes as they are ticked', () => {
    expect(captured(page('app.html')).markdown).toBe('# Inbox\n\n- ☑ Buy oars\n- ☐ Sell oar\n\nThree messages.')
  })

  test('code keeps its empty lines and the spaces at its lines’ ends, also inside lists and quotes', () => {
    const code = 'a  \n\n\n\nb'
    const html = `<pre>${code}</pre><ul><li><pre>${code}</pre></li></ul><blockquote><pre>${code}</pre></blockquote><p>x</p><p></p><p>y</p>`
    expect(captured(`<main>${html}</main>`).markdown).toBe(
      `\`\`\`\n${code}\n\`\`\`\n\n- \`\`\`\n  a  \n\n\n\n  b\n  \`\`\`\n\n> \`\`\`\n> a  \n> \n> \n> \n> b\n> \`\`\`\n\nx\n\ny`,
    )
  })

  test('the page itself is left as it was', () => {
    open(page('manual.html'))
    const before = document.documentElement.outerHTML
    capture(document, 'page')
    expect(document.documentElement.outerHTML).toBe(before)
  })

  test('text in an open shadow root is read where it is drawn, with what is slotted into it', () => {
    open(`<main><h1>Card</h1><x-card><b slot="name">Ada</b></x-card><p>${'After it. '.repeat(5)}</p></main>`)
    const root = document.querySelector('x-card')?.attachShadow({ mode: 'open' })
    if (root) root.innerHTML = '<p>Shadow says <slot name="name">nobody</slot>.</p><style>p { color: red }</style>'
    const outcome = capture(document, 'page')
    expect('page' in outcome && outcome.page.markdown).toContain('Shadow says **Ada**.')
  })
})

describe('selections', () => {
  function select(from: string, start: number, to: string, end: number): void {
    const range = document.createRange()
    range.setStart(document.querySelector(from)?.firstChild as Node, start)
    range.setEnd(document.querySelector(to)?.firstChild as Node, end)
    getSelection()?.removeAllRanges()
    getSelection()?.addRange(range)
  }

  test('only what is selected is taken, from its first to its last character, in its structure', () => {
    open('<title>T</title><p id=a>One two three</p><ul><li id=b>four</li><li id=c>five six</li><li>seven</li></ul>')
    select('#a', 4, '#c', 4)
    const outcome = capture(document, 'selection')
    expect('page' in outcome && outcome.page.markdown).toBe('two three\n\n- four\n- five')
    expect('page' in outcome && outcome.page.title).toBe('T')
  })

  test('it carries what the page says of itself', () => {
    open(page('essay.html'))
    select('.post ul li', 0, '.post ul li', 14)
    expect(capture(document, 'selection')).toMatchObject({
      page: {
        markdown: '- Straight grain',
        title: 'Why a boat needs two oars',
        author: 'Ada Maritim',
        site: 'The Harbour Letter',
        language: 'en-GB',
      },
    })
  })

  test('a selection in one line of code stays code in its language', () => {
    open('<pre><code class="language-js" id=a>let a = 1; let b = 2</code></pre><p>x</p>')
    select('#a', 0, '#a', 10)
    const outcome = capture(document, 'selection')
    expect('page' in outcome && outcome.page.markdown).toBe('```js\nlet a = 1;\n```')
  })

  test('an empty one is said to be empty', () => {
    open('<p id=a>One</p>')
    select('#a', 1, '#a', 1)
    expect(capture(document, 'selection')).toMatchObject({ failure: { code: 'nothing_selected' } })
  })
})
