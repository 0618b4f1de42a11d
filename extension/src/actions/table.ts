// The actions that this browser performs, by their ids in the catalogue. A new one is one file and one line here.

import type { Performer } from './context.ts'
import * as notes from './notes.ts'
import { bookmarkPage } from './page_bookmark.ts'
import { capturePage } from './page_capture.ts'
import { closeTab } from './tab_close.ts'
import { focusTab } from './tab_focus.ts'
import { listTabs } from './tab_list.ts'
import { openTab } from './tab_open.ts'

export const PERFORMERS: Readonly<Record<string, Performer>> = {
  'note.append': notes.appendNote,
  'note.create': notes.createNote,
  'note.edit': notes.editNote,
  'note.list': notes.listNotes,
  'note.read': notes.readNote,
  'note.search': notes.searchNotes,
  'note.trash': notes.trashNote,
  'note.undo': notes.undoNote,
  'page.bookmark': bookmarkPage,
  'page.capture': capturePage,
  'tab.close': closeTab,
  'tab.focus': focusTab,
  'tab.list': listTabs,
  'tab.open': openTab,
}
