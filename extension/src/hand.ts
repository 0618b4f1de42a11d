// What the person does with their own hand: a key, the menu, a button of the popup. No assistant asked, so nobody is
// asked; it stands in the same list, and can be taken back.

import { browser } from 'wxt/browser'
import type { Bell } from './bell.ts'
import type { CaptureView, PageText } from './face.ts'
import { say } from './gate/attention.ts'
import { fingerprint } from './store/ledger.ts'
import { t } from './ui/text.ts'
import { type Command, Problem } from './wire.ts'

type Mode = 'page' | 'selection'

interface Captured {
  title: string
  url: string
  markdown: string
  characters: number
  note?: { path: string; where: 'laptop' | 'browser' } | null
}

/** Keep a page, or what is selected in it, as a note. Throws Problem, such as page_not_readable. */
export async function captureByHand(bell: Bell, mode: Mode, tabId?: number): Promise<CaptureView> {
  const captured = await capture(bell, mode, true, tabId)
  if (!captured.note) throw new Problem('internal', 'The page was read, but not kept.')
  return { title: captured.title, characters: captured.characters, ...captured.note }
}

/** A page's text, kept nowhere. */
export async function readByHand(bell: Bell, mode: Mode, tabId?: number): Promise<PageText> {
  const { title, url, markdown } = await capture(bell, mode, false, tabId)
  return { title, url, markdown }
}

/** From a key or the menu: what came of it is said in a notification, for there is no page to say it in. */
export async function captureAndSay(bell: Bell, mode: Mode, tabId?: number): Promise<void> {
  try {
    const { title, path, where } = await captureByHand(bell, mode, tabId)
    say(title, t(where === 'laptop' ? 'kept_laptop' : 'kept_browser', path))
  } catch (error) {
    if (!(error instanceof Problem)) throw error
    say(t('extension_name'), error.message)
  }
}

export async function makeMenus(): Promise<void> {
  await browser.contextMenus.removeAll()
  browser.contextMenus.create({ id: 'page', title: t('menu_capture_page'), contexts: ['page'] })
  browser.contextMenus.create({ id: 'selection', title: t('menu_capture_selection'), contexts: ['selection'] })
}

async function capture(bell: Bell, mode: Mode, save: boolean, tabId?: number): Promise<Captured> {
  const command: Command = {
    id: `own_${crypto.randomUUID()}`,
    action: 'page.capture',
    arguments: { part: mode, save, ...(tabId === undefined ? {} : { tab_id: tabId }) },
    device_id: (await bell.facts.get('pairing'))?.deviceId ?? '',
    assistant: { grant_id: '', name: t('chat_you'), host: '' },
    received_at: '',
    expires_at: '',
  }
  const { report, undo } = await bell.performance.perform({ id: command.id, command })
  if (report.error) throw Problem.from(report.error)
  if (save) {
    await bell.ledger.add({
      id: command.id,
      fingerprint: await fingerprint(command),
      command,
      state: 'finished',
      approved: true,
      // The text itself stands in the note.
      report: { ...report, output: { ...report.output, markdown: '' } },
      reported: 'own',
      hops: report.acted_at ? { acted: report.acted_at } : {},
      ...(undo === undefined ? {} : { undo }),
    })
    bell.changed()
  }
  return report.output as unknown as Captured
}
