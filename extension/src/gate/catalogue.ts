// What the extension can do, as the catalogue says it (deskbell_wire.actions): a test holds this table against it.

import type { Risk } from '../face.ts'

export const RISKS: readonly Risk[] = ['read', 'write', 'act']

export interface Action {
  id: string
  title: string
  risk: Risk
  /** Safe to run again when the worker died in the middle. */
  repeatable: boolean
  /** Kept here only while the account has no daemon that does it. */
  note: boolean
}

const ROWS: readonly (readonly [string, string, Risk, boolean])[] = [
  ['note.create', 'Create a note', 'write', true],
  ['note.append', 'Add to a note', 'write', true],
  ['note.edit', 'Change part of a note', 'write', true],
  ['note.read', 'Read a note', 'read', true],
  ['note.search', 'Search the notes', 'read', true],
  ['note.list', 'List notes', 'read', true],
  ['note.trash', 'Move a note to the trash', 'write', true],
  ['note.undo', 'Undo a change to a note', 'write', true],
  ['tab.open', 'Open a page in the browser', 'act', false],
  ['tab.list', 'List the open tabs', 'read', true],
  ['tab.focus', 'Switch to a tab', 'act', false],
  ['tab.close', 'Close a tab', 'act', false],
  ['page.capture', 'Read an open page', 'act', false],
  ['page.bookmark', 'Bookmark a page', 'act', false],
]

export const CATALOGUE: ReadonlyMap<string, Action> = new Map(
  ROWS.map(([id, title, risk, repeatable]) => [id, { id, title, risk, repeatable, note: id.startsWith('note.') }]),
)

/** What really asks: tab.list is read, but full addresses say where the person has been. */
export function riskOf(action: Action, args: Record<string, unknown>): Risk {
  return action.id === 'tab.list' && args.addresses === true ? 'act' : action.risk
}

/** What an allowance for an hour covers: the action, and not more of it than the person saw. */
export function subjectOf(action: Action, args: Record<string, unknown>): string {
  return riskOf(action, args) === action.risk ? action.id : `${action.id}:${riskOf(action, args)}`
}

/** What this device declares at the relay: notes only while no daemon of the account keeps them. */
export function declared(daemon: boolean): string[] {
  return [...CATALOGUE.values()].filter((action) => !(action.note && daemon)).map((action) => action.id)
}
