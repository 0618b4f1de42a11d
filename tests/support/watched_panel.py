"""Pages of the extension under watch: at each change of what they show, text of others must be text."""

import re
from dataclasses import dataclass, field

from browser import ID, Browser
from playwright.async_api import Page

OWN = f"chrome-extension://{ID}/"

WATCH = """() => {
    const allowed = new Set(('a b blockquote br button code del div em h2 h3 h4 h5 h6 hr input li ol p pre strong span ' +
        'table tbody td th thead tr ul').split(' '))
    const active = new Set(('action background data formaction href poster ping src srcdoc srcset style xlink:href').split(' '))
    window.seen = {found: [], prefixes: 0}
    for (const name of ['alert', 'confirm', 'prompt', 'open', 'print']) {
        window[name] = () => void window.seen.found.push(`${name} was called`)
    }
    addEventListener('securitypolicyviolation', event => {
        window.seen.found.push(`against the policy: ${event.violatedDirective} ${event.blockedURI} ${event.sample}`)
    })
    const look = () => {
        window.seen.prefixes += 1
        for (const element of document.querySelectorAll('.turn *, .activity *')) {
            const name = element.localName
            if (!allowed.has(name)) window.seen.found.push(`an element ${name}`)
            if (name === 'input' && !(element.type === 'checkbox' && element.disabled)) window.seen.found.push('a field')
            for (const attribute of element.getAttributeNames()) {
                const value = element.getAttribute(attribute)
                if (name === 'a' && attribute === 'href' && /^(https?|mailto):/.test(value)) continue
                if (active.has(attribute) || attribute.startsWith('on')) window.seen.found.push(`${name} ${attribute}=${value}`)
            }
        }
    }
    new MutationObserver(look).observe(document, {subtree: true, childList: true, characterData: true, attributes: true})
}"""

UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\u3164\U000e0000-\U000e0fff]"
)
"""What turns the reading order or draws nothing."""


@dataclass
class WatchedPage:
    """What went wrong, and what was asked of whom."""

    page: Page
    wrong: list[str] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)

    async def harmless(self, *friends: str) -> int:
        """Nothing ran, was loaded or turns the reading; how many states of the page were looked at.

        `friends`: the beginnings of addresses that the page may ask, besides those of the extension.
        """
        seen = await self.page.evaluate("window.seen")
        wrong = [*self.wrong, *seen["found"]]
        assert wrong == [], wrong[:20]
        foreign = [address for address in self.requests if not address.startswith((OWN, *friends))]
        assert foreign == [], foreign
        unseen = UNSEEN.findall(await self.page.locator("body").evaluate("body => body.textContent"))
        assert unseen == [], unseen
        return int(seen["prefixes"])


async def watched(browser: Browser, name: str, width: int = 420) -> WatchedPage:
    """One of the extension's pages, as wide as a side panel."""
    page = await browser.context.new_page()
    await page.set_viewport_size({"width": width, "height": 900})
    watch = WatchedPage(page)
    page.on("pageerror", lambda error: watch.wrong.append(str(error)))
    page.on("console", lambda message: watch.wrong.append(message.text) if message.type == "error" else None)
    page.on("dialog", lambda dialog: watch.wrong.append(f"dialog {dialog.message}"))
    page.on("popup", lambda popup: watch.wrong.append(f"popup {popup.url}"))
    page.on("request", lambda request: watch.requests.append(request.url))
    await page.add_init_script(f"({WATCH})()")
    await page.goto(OWN + name)
    return watch
