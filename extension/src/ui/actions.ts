/** What an assistant asks for, in words of the person's language. */

import type { Status } from '../wire.ts'
import { neutral } from './neutral.ts'
import { type Key, t } from './text.ts'

const TITLES: Readonly<Record<string, Key>> = {
  'tab.open': 'action_tab_open',
  'tab.list': 'action_tab_list',
  'tab.close': 'action_tab_close',
  'tab.focus': 'action_tab_focus',
  'page.capture': 'action_page_capture',
  'page.bookmark': 'action_page_bookmark',
  'note.create': 'action_note_create',
  'note.append': 'action_note_append',
  'note.edit': 'action_note_edit',
  'note.read': 'action_note_read',
  'note.search': 'action_note_search',
  'note.list': 'action_note_list',
  'note.trash': 'action_note_trash',
  'note.undo': 'action_note_undo',
}

/** The action in words; one that is not known here has the title that came with it. */
export function titleOf(action: string, given: string): string {
  const key = Object.hasOwn(TITLES, action) ? TITLES[action] : undefined
  return key ? t(key) : neutral(given)
}

const STATUSES: Readonly<Record<Status, Key>> = {
  queued: 'status_queued',
  delivered: 'status_delivered',
  awaiting_approval: 'status_awaiting_approval',
  running: 'status_running',
  done: 'status_done',
  refused: 'status_refused',
  failed: 'status_failed',
  interrupted: 'status_interrupted',
  expired: 'status_expired',
  cancelled: 'status_cancelled',
}

export function statusWord(status: Status): string {
  return t(STATUSES[status])
}
