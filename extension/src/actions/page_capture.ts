// `page.capture`: the main text of an open page, or the selection, as Markdown; kept as a note unless that is not wanted.

import { noteOf } from '../capture/note.ts'
import { capturedPage } from '../capture/page.ts'
import { tag } from '../notes/arguments.ts'
import { folderPath } from '../notes/names.ts'
import { characters, part } from '../notes/points.ts'
import { listOf, oneOf, orElse, orNull, text, yesNo } from '../shape.ts'
import { argumentsOf } from './arguments.ts'
import type { Performer } from './context.ts'
import { activeTab, tabId, tabOf } from './tab.ts'

/** What goes into the conversation; the note has all of it. */
const MOST_CHARACTERS = 60_000

const read = argumentsOf({
  tab_id: orNull(tabId),
  part: orElse(oneOf('page', 'selection'), 'page'),
  save: orElse(yesNo, true),
  title: orNull(text({ least: 1, most: 300 })),
  folder: orElse(text({ most: 500 }), ''),
  tags: orElse(listOf(tag, 20), []),
})

export const capturePage: Performer = async (args, context) => {
  const wanted = read(args)
  folderPath(wanted.folder) // a folder that is none is refused before the page is read
  const tab = wanted.tab_id === null ? await activeTab() : await tabOf(wanted.tab_id)
  const page = await capturedPage(tab, wanted.part, context.signal)
  const note = noteOf(page, wanted, Date.now())
  context.signal.throwIfAborted()
  const saved = wanted.save ? await context.save(note) : null
  const length = characters(page.markdown)
  return {
    title: page.title,
    url: page.url,
    markdown: part(page.markdown, 0, MOST_CHARACTERS),
    truncated: length > MOST_CHARACTERS,
    characters: length,
    note: saved,
  }
}
