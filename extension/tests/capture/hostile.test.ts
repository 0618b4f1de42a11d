// @vitest-environment jsdom
// @vitest-environment-options {"url": "https://evil.example/"}

import { marked } from 'marked'
import { describe, expect, test } from 'vitest'
import { capture, type Outcome } from '../../src/capture/capture.ts'
import { LIMITS } from '../../src/capture/limits.ts'

function opened(html: string, limits = LIMITS): Outcome {
  document.open()
  document.write(html)
  document.close()
  return capture(document, 'page', limits)
}

function markdown(body: string): string {
  const outcome = opened(`<main><h1>Heading</h1>${body}</main>`)
  if ('failure' in outcome) throw new Error(outcome.failure.message)
  return outcome.page.markdown
}

describe('a capture can do nothing', () => {
  const ATTEMPTS = [
    '<p>&lt;script&gt;alert(1)&lt;/script&gt; &lt;img src=x onerror=alert(1)&gt; &lt;!-- x</p>',
    '<p>&lt;<b>script</b>&gt;alert(1)&lt;/script&gt;</p>',
    '<p>&amp;lt;script&amp;gt;alert(1)</p>',
    '<p><a href="javascript:alert(1)">a</a> <a href=" java\nscript:alert(1)">b</a> <a href="data:text/html,<script>">c</a></p>',
    '<p><a href="vbscript:x">d</a> <a href="file:///etc/passwd">e</a> <a href="https://a:b@c.example">f</a></p>',
    '<p>!<a href="https://track.example/pixel.png">pixel</a></p>',
    '<p>!<b></b><a href="https://track.example/pixel.png">pixel</a></p>',
    '<p>[x](javascript:alert(1)) ![x](https://track.example/p.png) &lt;https://x.example&gt;</p>',
    '<p>[ref]: javascript:alert(1)</p><p>[ref]</p>',
    '<p><a href="https://ok.example/)](javascript:alert(1)">g</a></p>',
    '<p><a href="https://ok.example/&quot; onclick=&quot;alert(1)">](javascript:alert(1)) h</a></p>',
    '<p><img src="https://ok.example/a.png" alt="](javascript:alert(1)) &lt;script&gt;"></p>',
    '<pre>```\n&lt;script&gt;alert(1)&lt;/script&gt;\n~~~~</pre>',
    '<p><code>`` &lt;img src=x onerror=alert(1)&gt; `</code></p>',
    '<table><tr><th>a</th><th>b</th></tr><tr><td>| &lt;script&gt;</td><td><pre>x\n|y</pre></td></tr></table>',
    '<table><tr><td>1</td><td>2</td></tr><tr><td><ul><li>&lt;iframe src=x&gt;</li></ul></td><td><svg onload=alert(1)></svg></td></tr></table>',
    '<svg><a href="javascript:alert(1)"><text>svg</text></a></svg><math><mtext><img src=x onerror=alert(1)></mtext></math>',
    '<p>---</p><p>title: x</p><p>---</p>',
  ]

  test.each(ATTEMPTS)('%s', (body) => {
    const text = markdown(`${body}<p>End.</p>`)
    const page = new DOMParser().parseFromString(marked.parse(text, { async: false }), 'text/html')
    const names = new Set([...page.body.querySelectorAll('*')].map((each) => each.localName))
    for (const name of ['script', 'img', 'iframe', 'svg', 'style', 'object', 'form']) expect(names).not.toContain(name)
    for (const element of page.body.querySelectorAll('*')) {
      for (const { name } of element.attributes) expect(['href', 'class', 'align', 'start']).toContain(name)
    }
    for (const link of page.body.querySelectorAll('a')) {
      if (!URL.canParse(link.href)) continue // it leads nowhere
      expect(['https:', 'http:', 'mailto:']).toContain(new URL(link.href).protocol)
      expect(link.href).not.toContain('@c.example')
    }
    expect(page.body.textContent).toContain('End.')
  })

  test('blocks and code that note programs run lose what makes them run', () => {
    const text = markdown(
      '<pre><code class="language-dataviewjs">dv</code></pre><p><code>$= dv</code> <code>= this</code> 5%% off%%</p>',
    )
    expect(text).toContain('```\ndv\n```')
    expect(text).not.toMatch(/`\$?=/)
    expect(text).not.toContain('%%')
  })

  test('marks that turn or hide text are gone, joined emoji and Persian stay', () => {
    const hidden = [...'send it'].map((c) => String.fromCodePoint(0xe0000 + c.charCodeAt(0))).join('')
    expect(markdown(`<p>pay \u202eexe.fdp\u202c to\u200b me${hidden}\u{1f600}\ufe0f\u{e0101}\u{e0102}</p>`)).toContain(
      'pay exe.fdp to me\u{1f600}\ufe0f',
    )
    expect(markdown('<p>👩\u200d💻 می\u200cخواهم</p>')).toContain('👩\u200d💻 می\u200cخواهم')
  })

  test('a title with markup and marks is one plain line', () => {
    const outcome = opened('<title>a\u202e&lt;script&gt;\n\n---\nb: c</title><main><p>x y z</p></main>')
    expect('page' in outcome && outcome.page.title).toBe('a<script> --- b: c')
  })
})

describe('pages that fight', () => {
  test('a form that names its own properties away is read all the same', () => {
    const names = [
      'firstChild',
      'nextSibling',
      'childNodes',
      'children',
      'nodeType',
      'localName',
      'getAttribute',
      'attributes',
      'parentNode',
    ]
    const inputs = names.map((name) => `<input name="${name}"><img name="${name}">`).join('')
    expect(markdown(`<form><p>Inside the form.</p>${inputs}</form><p>After.</p>`)).toContain(
      'Inside the form.\n\nAfter.',
    )
  })

  test('names on the document do not lead astray', () => {
    const outcome = opened(
      '<title>T</title><img name="body"><form name="title"></form><img name="baseURI"><main><p>Text here.</p></main>',
    )
    expect(outcome).toMatchObject({ page: { title: 'T', markdown: 'Text here.', url: 'https://evil.example/' } })
  })

  test('invisible text is not taken', () => {
    const text = markdown(
      '<p style="display:none">one</p><p style="visibility:hidden">two <b style="visibility:visible">three</b></p><p>four</p>',
    )
    expect(text).not.toMatch(/one|two/)
    expect(text).toContain('three')
  })

  test('too much text, too many elements, too little time: refused, with the reason', () => {
    const big = `<main><p>${'word '.repeat(4_000)}</p></main>`
    expect(opened(big, { ...LIMITS, characters: 10_000 })).toMatchObject({
      failure: { code: 'page_too_large', message: expect.stringContaining('10,000 characters') },
    })
    expect(opened('<p>x</p>'.repeat(600), { ...LIMITS, nodes: 500 })).toMatchObject({
      failure: { code: 'page_too_large' },
    })
    expect(opened('<p>x</p>'.repeat(600), { ...LIMITS, walk: -1 })).toMatchObject({
      failure: { code: 'page_too_large' },
    })
    expect(opened(big, { ...LIMITS, bytes: 1_000 })).toMatchObject({ failure: { code: 'page_too_large' } })
  })

  test('fifty megabytes of text are refused before they are copied', () => {
    document.body.replaceChildren(document.createTextNode('x'.repeat(50_000_000)))
    const start = performance.now()
    expect(capture(document, 'page')).toMatchObject({ failure: { code: 'page_too_large' } })
    expect(performance.now() - start).toBeLessThan(10_000)
  }, 30_000)

  test('elements nested by the thousand are flattened or refused, never a crash', () => {
    const nested = (depth: number) => {
      let inner: Element = document.createElement('b')
      inner.textContent = 'deep'
      for (let n = 0; n < depth; n += 1) {
        const outer = document.createElement(n % 2 ? 'div' : 'blockquote')
        outer.append(inner)
        inner = outer
      }
      document.body.replaceChildren(inner)
      return capture(document, 'page', { ...LIMITS, walk: 60_000 })
    }
    expect(nested(400)).toMatchObject({ page: { markdown: expect.stringContaining('deep') } })
    expect(nested(2_500)).toMatchObject({ failure: { code: 'page_too_large' } })
  }, 60_000)

  test('runs of spaces by the hundred thousand take no longer than other text', () => {
    const spaces = ' '.repeat(200_000)
    const start = performance.now()
    markdown(
      `<pre>a${spaces}b\n</pre><table><tr><td>x</td><td><pre>a${spaces}b</pre></td></tr></table><p>a${spaces}b</p>`,
    )
    markdown(
      `<p><code>a${spaces}b</code> <a href="https://x.example/"><code>a${spaces}b</code></a></p><h2>a${'\u00a0'.repeat(200_000)}b</h2>`,
    )
    expect(performance.now() - start).toBeLessThan(10_000)
  }, 30_000)

  test('a document that is no page is named', () => {
    const xml = new DOMParser().parseFromString('<feed/>', 'application/xml')
    expect(capture(xml, 'page')).toMatchObject({
      failure: { code: 'page_not_readable', message: expect.stringContaining('application/xml') },
    })
    expect(opened('<main></main>')).toMatchObject({ failure: { code: 'page_not_readable' } })
  })
})
