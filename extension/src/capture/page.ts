// Capturing a tab, from the background: who may be read, the injection, its time, and a check of what came back.

import { type Browser, browser } from 'wxt/browser'
import { shown } from '../actions/address.ts'
import { Misfit, record, text } from '../shape.ts'
import { Problem } from '../wire.ts'
import type { Captured, Outcome, Part } from './capture.ts'
import { LIMITS } from './limits.ts'
import { line, seen } from './text.ts'

type Tab = Browser.tabs.Tab

/** A page that is still loading, or busy with itself, is not waited for any longer. */
const PATIENCE_MS = 20_000

const captured = record({
  url: text({ least: 1, most: 20_000 }),
  title: text(),
  author: text(),
  published: text(),
  site: text(),
  language: text(),
  markdown: text({ least: 1, most: LIMITS.bytes }),
})

const failed = record({ code: text({ most: 64 }), message: text({ most: 1_000 }) })

/** Codes that a capture in a page may answer. */
const CODES = new Set(['nothing_selected', 'page_not_readable', 'page_too_large'])

/**
 * Throws Problem `page_not_readable`, `page_too_large`, `page_changed`, `nothing_selected`, `permission_missing`,
 * `tab_not_found`; and what `signal` is aborted with.
 */
export async function capturedPage(tab: Tab, part: Part, signal: AbortSignal): Promise<Captured> {
  readable(tab)
  const page = checked(await inTime(injected(tab.id as number, part), signal))
  const now = await browser.tabs.get(tab.id as number).catch(() => undefined) // closed meanwhile
  for (const url of [tab.url, now?.url]) {
    if (url && bare(url) !== bare(page.url)) {
      throw new Problem(
        'page_changed',
        `The tab went from ${shown(url)} to another page while it was read; nothing was kept.`,
      )
    }
  }
  return page
}

/** Says of a page that nobody may read why that is so, as far as its address is known. */
export function readable(tab: Tab): void {
  const url = tab.url ?? ''
  const why = unreadable(url)
  if (why !== null) throw new Problem('page_not_readable', `The page cannot be read. ${why}`)
  if (tab.discarded) {
    throw new Problem('page_not_readable', 'The page cannot be read. Its tab sleeps: it must be looked at once first.')
  }
}

function unreadable(url: string): string | null {
  if (url === '' || !URL.canParse(url)) return null // not known without a permission: the injection will tell
  const { protocol, hostname, pathname } = new URL(url)
  if (protocol === 'view-source:') return 'It shows the source of another page.'
  if (protocol === 'file:') return 'It is a file on this computer.'
  if (protocol !== 'http:' && protocol !== 'https:') return 'It is a page of the browser itself, or of an extension.'
  const store = /^(chromewebstore\.google\.com|addons\.mozilla\.org|microsoftedge\.microsoft\.com)$/.test(hostname)
  if (store || (hostname === 'chrome.google.com' && pathname.startsWith('/webstore'))) {
    return "It is the browser's own shop, where extensions may do nothing."
  }
  return null
}

async function injected(tabId: number, part: Part): Promise<unknown> {
  try {
    await browser.scripting.executeScript({ target: { tabId }, files: ['/capture.js'] })
    const results = await browser.scripting.executeScript({
      target: { tabId },
      // Its text alone goes into the page: it must name nothing from here.
      func: (part: string) =>
        (globalThis as unknown as { deskbellCapture?: (page: Document, part: string) => unknown }).deskbellCapture?.(
          document,
          part,
        ),
      args: [part],
    })
    return results[0]?.result
  } catch (error) {
    throw refused(error)
  }
}

/** What the browsers say when they refuse an injection, in their own words. */
function refused(error: unknown): Problem {
  const said = line(error instanceof Error ? error.message : String(error), 200)
  if (/no tab with id|invalid tab id/i.test(said))
    return new Problem('tab_not_found', 'The tab was closed.', 'See listTabs.')
  if (
    /frame .*removed|tab was closed|document.*(changed|gone)|message channel|context.*(destroyed|invalidated)/i.test(
      said,
    )
  ) {
    return new Problem('page_changed', 'The page went away while it was read; nothing was kept.')
  }
  if (/must request permission|missing host permission|cannot access contents of (the )?(page|url)/i.test(said)) {
    return new Problem('permission_missing', 'The extension has not been allowed to read that site.')
  }
  return new Problem('page_not_readable', `The page cannot be read. The browser says: ${said}`)
}

/** A page's process may be in hostile hands: what it answers is read as anything from outside is. */
function checked(outcome: unknown): Captured {
  const { page, failure } = (outcome ?? {}) as Partial<Record<'page' | 'failure', unknown>> & Partial<Outcome>
  if (page === undefined && failure === undefined) {
    throw new Problem('page_changed', 'The page went away while it was read; nothing was kept.')
  }
  try {
    if (failure !== undefined) {
      const { code, message } = failed(failure, 'the failure')
      throw new Problem(CODES.has(code) ? code : 'page_not_readable', line(message, 500))
    }
    const read = captured(page, 'the page')
    const url = new URL(read.url)
    url.username = ''
    url.password = ''
    return {
      url: url.href,
      title: line(read.title),
      author: line(read.author, 200),
      published: line(read.published, 40),
      site: line(read.site, 200),
      language: line(read.language, 35),
      markdown: seen(read.markdown),
    }
  } catch (error) {
    if (!(error instanceof Misfit || error instanceof TypeError)) throw error
    throw new Problem('page_not_readable', 'The page cannot be read. What came back from it makes no sense.')
  }
}

/** An address without its fragment, which changes while one reads. */
function bare(url: string): string {
  if (!URL.canParse(url)) return url
  const parsed = new URL(url)
  parsed.hash = ''
  parsed.username = ''
  parsed.password = ''
  return parsed.href
}

function inTime<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () =>
      reject(
        new Problem(
          'page_not_readable',
          `The page did not answer within ${PATIENCE_MS / 1_000} s. Is it still loading?`,
        ),
      )
    const timer = setTimeout(late, PATIENCE_MS)
    const stop = () => reject(signal.reason)
    if (signal.aborted) stop()
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    })
  })
}
