// What lives as long as the browser runs, and survives the worker: in storage.session, in memory and never on disk.

import { browser } from 'wxt/browser'
import type { PairingView } from '../face.ts'
import type { DeviceCode } from '../wire.ts'

/** A pairing under way. `port`: the daemon's, if it goes over loopback. Its device code is a secret. */
export interface PairingUnderWay {
  relay: string
  deviceName: string
  code: DeviceCode
  view: PairingView
  /** Not before: milliseconds since the epoch. */
  pollAt: number
  intervalMs: number
  port?: number
  /** The person has said that both show the same digits. */
  confirmed: boolean
}

export interface Session {
  pairing: PairingUnderWay
  /** By action and grant: until when it is allowed without asking, in milliseconds since the epoch. */
  allowances: Record<string, number>
  consentWindow: number
  /** When the consent window was opened of itself, the latest last. */
  consentOpened: number[]
}

export async function read<K extends keyof Session>(name: K): Promise<Session[K] | undefined> {
  const found = (await browser.storage.session.get(name)) as Partial<Session>
  return found[name]
}

export async function write<K extends keyof Session>(name: K, value: Session[K]): Promise<void> {
  await browser.storage.session.set({ [name]: value })
}

export async function forget(...names: (keyof Session)[]): Promise<void> {
  await browser.storage.session.remove(names)
}

/** Close both areas to content scripts where the browser knows how to; nothing of a page runs in one of ours. */
export async function shut(): Promise<void> {
  const level = { accessLevel: 'TRUSTED_CONTEXTS' } as const
  for (const area of [browser.storage.session, browser.storage.local]) {
    try {
      await area.setAccessLevel?.(level)
    } catch {
      // Firefox has it for neither area: there session is closed to them from the start, and local is not used.
    }
  }
}
