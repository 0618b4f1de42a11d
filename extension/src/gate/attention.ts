// What draws the person's eye: the badge counts what waits, a notification says what was asked or done. Nothing here
// decides anything.

import { browser } from 'wxt/browser'
import type { Entry } from '../store/ledger.ts'
import { type Key, t } from '../ui/text.ts'
import { bringConsentWindow, openConsentWindow } from './consent_window.ts'
import type { Attention } from './gate.ts'

const ASKS = 'asks:'
const DONE = 'done:'
const COLOUR = '#b45309'
/** A notification is one line to look at, and not a place for a long text of somebody else. */
const MOST_CHARACTERS = 160

export class Eye implements Attention {
  #badge: string | null = null

  constructor(
    /** Something is to be shown anew. */
    readonly changed: () => void,
    readonly undo: (id: string) => Promise<void>,
  ) {}

  asks(entry: Entry): void {
    const { action, assistant } = entry.command
    notify(ASKS, entry.id, t('consent_title'), `${line(assistant.name)} (${line(assistant.host)}): ${nameOf(action)}`)
    bringConsentWindow(entry.id).catch(unseen)
    this.changed()
  }

  finished(entry: Entry, shown: boolean): void {
    browser.notifications.clear(`${ASKS}${entry.id}`).catch(unseen)
    if (shown) {
      const { action, assistant } = entry.command
      const undo = entry.undo === undefined ? [] : [{ title: t('undo') }]
      notify(DONE, entry.id, nameOf(action), `${line(assistant.name)}: ${summaryOf(entry)}`, undo)
    }
    this.changed()
  }

  /** `waiting`: how many; nothing is written when it is so already, for each call keeps the worker awake. */
  badge(waiting: number, paused: boolean): void {
    const text = paused ? 'II' : waiting === 0 ? '' : waiting > 99 ? '99+' : String(waiting)
    if (text === this.#badge) return
    this.#badge = text
    browser.action.setBadgeText({ text }).catch(unseen)
    if (text !== '') browser.action.setBadgeBackgroundColor({ color: COLOUR }).catch(unseen)
  }

  async clicked(notification: string): Promise<void> {
    if (!notification.startsWith(ASKS)) return
    await openConsentWindow(notification.slice(ASKS.length))
  }

  async button(notification: string): Promise<void> {
    if (!notification.startsWith(DONE)) return
    await this.undo(notification.slice(DONE.length))
    await browser.notifications.clear(notification)
  }
}

/** A sentence on what the person's own hand began: a key or a menu has no place of its own to answer in. */
export function say(title: string, message: string): void {
  notify('said:', String(Date.now()), title, message)
}

/** The thing that was done, or asked for: a title, a path, a host. It is data, not a sentence. */
export function summaryOf(entry: Entry): string {
  const output = entry.report?.output ?? {}
  const note = output.note as { path?: unknown } | undefined
  const args = entry.command.arguments
  const found = [
    note?.path,
    output.path,
    output.title,
    args.path,
    args.title,
    hostOf(args.url),
    args.query,
    output.host,
  ]
  return line((found.find((each) => typeof each === 'string' && each !== '') as string | undefined) ?? '')
}

function hostOf(url: unknown): string | undefined {
  return typeof url === 'string' && URL.canParse(url) ? new URL(url).host : undefined
}

/** The person's word for it; an action that the extension has no word for is written as it is. */
function nameOf(action: string): string {
  const key = `action_${action.replace('.', '_')}`
  const word = t(key as Key)
  return word === key ? line(action) : word
}

/** One line, without what turns the reading order or cannot be seen. */
function line(text: string): string {
  const plain = text.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Co}\p{Cs}]+/gu, ' ')
  return [...plain].slice(0, MOST_CHARACTERS).join('')
}

function notify(kind: string, id: string, title: string, message: string, buttons: { title: string }[] = []): void {
  const iconUrl = browser.runtime.getURL('/icon/128.png')
  const firefox = import.meta.env.BROWSER === 'firefox' // which refuses a notification with buttons
  const options = { type: 'basic' as const, title, message, iconUrl }
  browser.notifications
    .create(`${kind}${id}`, firefox || buttons.length === 0 ? options : { ...options, buttons })
    .catch(unseen)
}

/** A desktop without notifications, a window that is closing: the popup says it all the same. */
function unseen(error: unknown): void {
  console.warn('It could not be shown.', error)
}
