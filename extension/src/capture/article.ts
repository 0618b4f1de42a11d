// The article: a page's main text, found by Readability, and what the page says of itself.

import { Readability } from '@mozilla/readability'
import { line } from './text.ts'

export interface Article {
  /** The element that holds the text. */
  content: Element
  title: string
  author: string
  /** As the page writes it; '' when it does not. */
  published: string
  site: string
  language: string
}

/** A text shorter than this is a page of lists and buttons, of which Readability takes what comes first. */
const SHORT = 200

/** What around the text is no text, where Readability finds none. */
const AROUND = 'nav, header, footer, aside, [role="navigation"], [role="banner"], [role="contentinfo"], [role="search"]'

/** The main text of `copy`, which is used up. A page that is no article is given whole, without its menus. */
export function article(copy: Document): Article {
  const language = copy.documentElement.lang
  const title = copy.title
  const whole = copy.body.cloneNode(true) as HTMLElement
  const found = new Readability<Element>(copy, { charThreshold: 250, serializer: (node) => node as Element }).parse()
  const content = found?.content
  const length = (content?.textContent ?? '').trim().length
  const about = {
    title: line(found?.title || title),
    author: line(found?.byline ?? '', 200),
    published: line(found?.publishedTime ?? '', 40),
    site: line(found?.siteName ?? '', 200),
    language: line(found?.lang || language, 35),
  }
  if (content && length >= SHORT) return { content, ...about }
  return { content: withoutMenus(whole), ...about }
}

/** A selection, under what the page says of itself: read with words in the place of its text, of which there may be few. */
export function selection(copy: Document): Article {
  const content = copy.body.cloneNode(true) as HTMLElement
  const words = copy.createElement('p')
  words.textContent = 'Words, and then words. '.repeat(40)
  copy.body.replaceChildren(words)
  return { ...article(copy), content }
}

function withoutMenus(whole: HTMLElement): Element {
  const main = whole.querySelector('main, [role="main"], article')
  const kept = main !== null && (main.textContent ?? '').trim().length > 0 ? main : whole
  for (const element of kept.querySelectorAll(AROUND)) element.remove()
  return kept
}
