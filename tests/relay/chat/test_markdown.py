"""Markdown of strangers in a real Chromium: shown as it is meant, and inert whatever it holds, at every moment."""

import json
import random
from collections.abc import AsyncIterator

import pytest
from chat_browser import Watched
from paired_relay import PairedRelay
from playwright.async_api import BrowserContext, Page

from deskbell_relay.pages.rendering import STATIC

RENDER = """
async ([module, text, done]) => {
  const { MarkdownView } = await import(module);
  const into = document.createElement("div");
  new MarkdownView(into).show(text, done);
  return into.innerHTML;
}
"""
GROW = """
async ([module, text, step]) => {
  const { MarkdownView } = await import(module);
  const [grown, whole] = [document.createElement("div"), document.createElement("div")];
  document.querySelector("main").append(grown);
  const view = new MarkdownView(grown);
  const bad = [];
  for (let end = 0; end <= text.length; end += step) {
    view.show(text.slice(0, end));
    for (const node of grown.querySelectorAll("*")) {
      if (!ALLOWED.has(node.localName)) bad.push(node.outerHTML);
      for (const { name, value } of node.attributes) {
        const fine = { href: /^(https?:|mailto:)/, rel: /^noopener noreferrer nofollow$/, target: /^_blank$/, dir: /^(auto|ltr)$/,
          class: /^(where|table|end|center)$/, tabindex: /^0$/, start: /^\\d+$/, scope: /^col$/ }[name];
        if (!fine?.test(value)) bad.push(node.outerHTML);
      }
    }
  }
  view.show(text, true);
  new MarkdownView(whole).show(text, true);
  await new Promise((resolve) => setTimeout(resolve, 50));
  return { bad: bad.slice(0, 3), same: grown.innerHTML === whole.innerHTML, text: grown.textContent };
}
""".replace(
    "ALLOWED",
    "new Set('p h3 h4 h5 h6 ul ol li pre code blockquote hr div table thead tbody tr th td strong em del a span'.split(' '))",
)

HOSTILE = {
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>\n\n<svg/onload=alert(1)>\n\n"
    "<iframe srcdoc='<script>alert(1)</script>'>",
    "html in every place": "# <b onclick=alert(1)>x</b>\n\n- <style>*{display:none}</style>\n\n> <base href=//evil.example>\n\n"
    "| <meta http-equiv=refresh content=0;url=//evil.example> | b |\n| --- | --- |\n| <form action=//evil.example><input> | c |",
    "images": "![x](https://evil.example/beacon.png?secret=1) ![](http://evil.example/a) [![y](https://evil.example/b)](https://evil.example/c)",
    "schemes": "[a](javascript:alert(1)) [b](JaVaScRiPt:alert(1)) [c](java\tscript:alert(1)) "
    "[d](data:text/html,<script>alert(1)</script>) "
    "[e](vbscript:x) [f](blob:https://x/y) [g](file:///etc/passwd) [h](//evil.example) "
    "[i](/chat/sign-out) [j](\x01javascript:alert(1)) "
    "[k](&#106;avascript:alert(1)) [l](<javascript:alert(1)>) <javascript:alert(1)>",
    "attributes": '[x](https://a.example/"onmouseover="alert(1)) [y](https://a.example/ "t\\" onclick=alert(1)")  <https://a.example/"x>',
    "definitions": "[x]: javascript:alert(1)\n[x] and [x][x]\n\n[^1]: <script>alert(1)</script>",
    "fences": '```html"><script>alert(1)</script>\n</code></pre><script>alert(1)</script>\n```\n~~~~\n```\n</pre>',
    "commands of terminals": "\x1b[31mred\x1b[0m \x1b]8;;https://evil.example\x07link\x1b]8;;\x07 \x9b31m "
    "\x1b]52;c;ZXZpbA==\x07 \x08\x08\x7f bell\x07",
    "turned writing": "safe \u202egpj.exe\u202c \u2066x\u2069 \u200fy\u200e z\u061c [https://bank.example\u202e](https://evil.example)",
    "hidden letters": "ign\u200bore \U000e0041\U000e0042 \ufeff \u00ad \u2060 \u3164 \ud800",
    "deep": "> " * 300
    + "x\n\n"
    + "\n".join("  " * n + "- x" for n in range(100))
    + "\n\n"
    + "*" * 400
    + "x"
    + "[" * 400
    + "]" * 400,
    "pretending": "[https://bank.example/login](https://evil.example/) https://bank.example@evil.example/ [bank](https://bаnk.example)",
    "templates": "{{ 7*7 }} ${alert(1)} <%= x %> __proto__ constructor",
}


@pytest.fixture
async def page(relay: PairedRelay, context: BrowserContext) -> AsyncIterator[Page]:
    page = await context.new_page()
    watched = Watched(page, relay.url)
    await page.goto(f"{relay.url}/chat")
    yield page
    assert watched.errors == []
    assert watched.foreign == [], "nothing was fetched from elsewhere"
    assert page.url == f"{relay.url}/chat"


async def rendered(page: Page, text: str, *, done: bool = True) -> str:
    html: str = await page.evaluate(RENDER, [STATIC["chat/markdown.js"].path, text, done])
    return html.replace(' dir="auto"', "").replace(' dir="ltr"', "").replace(' tabindex="0"', "")


@pytest.mark.parametrize("name", HOSTILE)
async def test_hostile_text_is_inert_at_every_moment_of_its_growth(page: Page, name: str) -> None:
    text = HOSTILE[name]
    step = 1 if len(text) < 700 else 13
    found = await page.evaluate(GROW, [STATIC["chat/markdown.js"].path, text, step])
    assert found["bad"] == []
    assert found["same"], "what grew is what is there at once"
    for letter in "\x1b\x07\x08\x7f\x9b\u202e\u2066\u200f\u061c\u200b\ufeff\U000e0041\u3164\ud800":
        assert letter not in found["text"], ascii(letter)


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("a **b** *c* `d` ~~e~~ __f__ _g_", "<p>a <strong>b</strong> <em>c</em> <code>d</code> "
            "<del>e</del> <strong>f</strong> <em>g</em></p>"),
        ("***a***", "<p><strong><em>a</em></strong></p>"),
        ("**a *b* c** d", "<p><strong>a <em>b</em> c</strong> d</p>"),
        ("2 * 3 * 4 snake_case_name **", "<p>2 * 3 * 4 snake_case_name **</p>"),
        ("\\*not\\* `` a`b ``", "<p>*not* <code>a`b</code></p>"),
        ("# One\n## Two ##\ntext", "<h3>One</h3><h4>Two</h4><p>text</p>"),
        ("- a\n- b\n  1. c\n  2. d\n- e", "<ul><li>a</li><li>b<ol><li>c</li><li>d</li></ol></li><li>e</li></ul>"),
        ("3. a\n\n4. b\n\ntext", '<ol start="3"><li>a</li><li>b</li></ol><p>text</p>'),
        ("- [ ] a\n- [x] b", "<ul><li>☐ a</li><li>☑ b</li></ul>"),
        ("- a\n\n  ```\n  x\n\n  y\n  ```\n- b", "<ul><li>a<pre><code>x\n\ny</code></pre></li><li>b</li></ul>"),
        ("> a\n> > b\n\n---", "<blockquote><p>a</p><blockquote><p>b</p></blockquote></blockquote><hr>"),
        ("```py\nx < 1\n\ny\n```\nz", "<pre><code>x &lt; 1\n\ny</code></pre><p>z</p>"),
        (
            "| a | b |\n|:-:|--:|\n| 1 | x\\|y |\n\nend",
            '<div class="table"><table><thead><tr><th scope="col" class="center">a</th>'
            '<th scope="col" class="end">b</th></tr></thead>'
            '<tbody><tr><td class="center">1</td><td class="end">x|y</td></tr></tbody></table></div><p>end</p>',
        ),
        ("a\nb", "<p>a\nb</p>"),
        ("👩‍👩‍👧 می‌خواهم", "<p>👩‍👩‍👧 می‌خواهم</p>"),
    ],
)  # fmt: skip
async def test_markdown_is_shown_as_it_is_meant(page: Page, text: str, html: str) -> None:
    assert await rendered(page, text) == html


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("so **bol", "<p>so <strong>bol</strong></p>"),
        ("so **", "<p>so **</p>"),
        ("run `ls -", "<p>run <code>ls -</code></p>"),
        ("```\nx <", "<pre><code>x &lt;</code></pre>"),
        ("see [the page](https://exam", "<p>see the page</p>"),
        ("- a\n- ", "<ul><li>a</li><li></li></ul>"),
    ],
)
async def test_what_is_not_finished_is_shown_as_if_it_went_on(page: Page, text: str, html: str) -> None:
    assert await rendered(page, text, done=False) == html


PARTS = (
    *(
        "word ",
        "*",
        "**",
        "_",
        "`",
        "``",
        "~~",
        "[a](",
        "https://a.example/x",
        ")",
        "![",
        "]",
        "(",
        "<b>",
        "\\",
        "|",
        " ",
    ),
    *("\n", "\n\n", "\n- ", "\n  - ", "\n1. ", "\n> ", "\n# ", "\n---\n", "\n```\n", "\n  ```\n"),
    *("\n~~~\n", "\n    ", "\n| a | b |\n| - | - |\n"),
    *("\x1b[1m", "\u202e", "é", "👩‍👧", "<script>alert(1)</script>", "javascript:alert(1)"),
)


@pytest.mark.parametrize("seed", range(4))
async def test_any_text_grows_into_what_it_is_at_once(page: Page, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(12):
        text = "".join(chance.choices(PARTS, k=60))
        found = await page.evaluate(GROW, [STATIC["chat/markdown.js"].path, text, chance.randint(1, 9)])
        assert found["bad"] == [], text
        assert found["same"], text


async def test_a_link_says_where_it_goes_and_takes_nothing_along(page: Page) -> None:
    html = await rendered(
        page, "[your bank](https://evil.example/x?y) and https://a.example/b. [m](mailto:a@b.example)"
    )
    rel = 'rel="noopener noreferrer nofollow" target="_blank"'
    assert f'<a href="https://evil.example/x?y" {rel}>your bank</a><span class="where"> (evil.example)</span>' in html
    assert f'<a href="https://a.example/b" {rel}>https://a.example/b</a>.' in html
    assert '<span class="where"> (mail to a@b.example)</span>' in html
    html = await rendered(page, "https://bank.example@evil.example/ [b](https://bаnk.example)")
    assert "(evil.example)</span>" in html
    assert "(xn--bnk-6cd.example)</span>" in html, "letters that only look like others show what they are"
    html = await rendered(page, "![cat](https://evil.example/cat.png)")
    assert "<img" not in html
    assert ">Picture: cat</a>" in html


@pytest.mark.parametrize(
    "text", ["*", "_a ", "**a", "[", "![", "[a](", "`", "``` ", "> ", "- ", "|", "# #", "<http://", "\\", "~~a *b _c "]
)
async def test_no_text_takes_long(page: Page, text: str) -> None:
    """Each mark a hundred thousand characters long, as the whole answer and as its last block while it grows."""
    spent = await page.evaluate(
        """async ([module, unit]) => {
          const { MarkdownView } = await import(module);
          const text = unit.repeat(Math.ceil(100_000 / unit.length));
          const begun = performance.now();
          for (const lines of [text, text.replace(/(.{50})/g, "$1\\n"), text.slice(0, 19_000)])
            new MarkdownView(document.createElement("div")).show(lines, false);
          return performance.now() - begun;
        }""",
        [STATIC["chat/markdown.js"].path, text],
    )
    assert spent < 3_000, json.dumps({text: spent})
