// The note that a captured page becomes: front matter that says where it is from, a heading, the text.

import type { NewNote } from '../actions/context.ts'
import { block } from '../notes/front_matter.ts'
import { display, fileName } from '../notes/names.ts'
import { Problem } from '../wire.ts'
import type { Captured, Part } from './capture.ts'
import { site } from './link.ts'

/** What the person or the assistant wishes of the note. */
export interface Wish {
  part: Part
  title: string | null
  folder: string
  tags: string[]
}

/** `now` in milliseconds since the epoch. */
export function noteOf(page: Captured, wish: Wish, now: number): NewNote {
  const title = usable(wish.title === null ? page.title : wish.title) ?? usable(site(page.url)) ?? 'Page'
  const head = block([
    ['title', title],
    ['url', page.url],
    ['author', page.author],
    ['published', page.published],
    ['captured_at', new Date(now).toISOString()],
    ['site', page.site || site(page.url)],
    ['language', page.language],
    ['part', wish.part === 'selection' ? 'selection' : null],
    ['words', (page.markdown.match(/[\p{L}\p{N}]+(?:['’-][\p{L}\p{N}]+)*/gu) ?? []).length],
  ])
  const body = `${head}\n# ${heading(page.title || title)}\n\n${page.markdown}\n`
  return { title, body, folder: wish.folder, tags: wish.tags, source: page.url }
}

/** A title that also names a file; null when nothing of it does. */
function usable(title: string): string | null {
  const shown = display(title)
  try {
    fileName(shown)
    return shown
  } catch (error) {
    if (error instanceof Problem) return null
    throw error
  }
}

/** Text that is nothing but text in a heading. */
function heading(title: string): string {
  return display(title)
    .replace(/[\\`*_[\]#~|!]/g, '\\$&')
    .replace(/&/g, '&amp;')
    .replace(/</g, '&lt;')
    .replace(/%%/g, '\\%\\%')
}
