// The capture, as it runs in the page's tab, in the extension's own world: from the page to Markdown.

import { article, selection } from './article.ts'
import * as dom from './dom.ts'
import { LIMITS, type Limits } from './limits.ts'
import { markdown } from './markdown.ts'
import { inForeignFrame, READABLE, selected } from './selection.ts'
import { copied, TooLarge } from './snapshot.ts'
import { line } from './text.ts'

export type Part = 'page' | 'selection'

/** What comes back from the tab: only data. */
export type Outcome = { page: Captured } | { failure: { code: string; message: string } }

export interface Captured {
  url: string
  title: string
  author: string
  published: string
  site: string
  language: string
  markdown: string
}

/** Captures the page or what is selected in it. Never throws for what a page can be; answers a failure. */
export function capture(page: Document, part: Part, limits: Limits = LIMITS): Outcome {
  const type = dom.contentType(page)
  if (type === 'application/pdf') return unreadable('It is a PDF, which a browser shows without a text of its own.')
  if (!READABLE.test(type)) {
    return unreadable(`It is a file of the kind ${line(type, 80)}, not a page.`)
  }
  const chosen = part === 'selection' ? selected(page) : undefined
  if (chosen === null) return nothingSelected(page)
  try {
    const copy = copied(page, limits, chosen)
    const found = chosen === undefined ? article(copy.document) : selection(copy.document)
    const text = markdown(found.content)
    const bytes = new TextEncoder().encode(text).length
    if (bytes > limits.bytes) throw new TooLarge(`its text has ${bytes.toLocaleString('en')} bytes`)
    if (text.trim() === '') return unreadable(chosen === undefined ? 'It holds no text.' : emptiness(chosen.hasText))
    const { title, author, published, site, language } = found
    return { page: { url: location(page), title, author, published, site, language, markdown: text } }
  } catch (error) {
    if (!(error instanceof TooLarge || error instanceof RangeError)) throw error
    // A RangeError: the stack was too small for how deeply the page is nested.
    const reason = error instanceof TooLarge ? error.message : 'its elements are nested too deeply'
    return { failure: { code: 'page_too_large', message: `The page is too large to be captured: ${reason}.` } }
  }
}

/** The page's address: read off the window, which alone cannot be named away. */
function location(page: Document): string {
  return page.defaultView?.location.href ?? globalThis.location.href
}

function nothingSelected(page: Document): Outcome {
  const message = inForeignFrame(page)
    ? 'What is selected in a frame of another site cannot be seen from here. Open the frame in a tab of its own.'
    : 'Nothing is selected in the page.'
  return { failure: { code: 'nothing_selected', message } }
}

/** Why a selection gave nothing. */
function emptiness(hasText: boolean): string {
  return hasText
    ? 'The selection is in a part that the page hides, or keeps closed to extensions.'
    : 'The selection holds no text.'
}

function unreadable(why: string): Outcome {
  return { failure: { code: 'page_not_readable', message: `The page cannot be read. ${why}` } }
}
