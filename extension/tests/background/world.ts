// A browser with the extension's background in it: what is stored outlives the worker, nothing else does.

import 'fake-indexeddb/auto'
import { vi } from 'vitest'
import { fakeBrowser } from 'wxt/testing/fake-browser'
import en from '../../public/_locales/en/messages.json'
import type { Performer } from '../../src/actions/context.ts'
import { Bell } from '../../src/bell.ts'
import type { Overview } from '../../src/face.ts'
import { NotesRoom } from '../../src/notes/room.ts'
import { openDatabase } from '../../src/store/database.ts'
import { FactStore } from '../../src/store/facts.ts'
import { DEVICE, type StandIn, until } from './relay.ts'

let worlds = 0

export class World {
  /** What was performed, in order. */
  readonly done: { action: string; args: Record<string, unknown>; id: string }[] = []
  readonly told: Overview[] = []
  readonly name = `deskbell-${++worlds}`
  readonly notes = new NotesRoom(`notes-${worlds}`)
  /** What each action does here; by default it answers what it was asked. */
  performers: Record<string, Performer> = {}
  ports: number[] = []
  bell!: Bell
  readonly #bells: Bell[] = []

  constructor() {
    fakeBrowser.reset()
    // What a killed worker was still at fails, as it should, and says so.
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    const words: Record<string, { message: string }> = en
    Object.assign(fakeBrowser.i18n, {
      getUILanguage: () => 'en',
      getMessage: (key: string, values: string[] = []) =>
        (words[key]?.message ?? '').replace(/\$([1-9])/g, (_, place) => values[Number(place) - 1] ?? ''),
    })
    for (const area of [fakeBrowser.storage.session, fakeBrowser.storage.local]) {
      Object.assign(area, { setAccessLevel: vi.fn(async () => undefined) })
    }
    for (const action of ['tab.list', 'tab.open', 'tab.close', 'tab.focus', 'page.capture', 'page.bookmark']) {
      this.performers[action] = async (args) => args
    }
    for (const action of ['create', 'append', 'edit', 'read', 'search', 'list', 'trash', 'undo']) {
      this.performers[`note.${action}`] = async (args) => args
    }
  }

  /** A worker starts, over what the one before has left. */
  async start(): Promise<Bell> {
    const performers: Record<string, Performer> = {}
    for (const action of Object.keys(this.performers)) {
      performers[action] = async (args, context) => {
        this.done.push({ action, args, id: context.commandId })
        return (this.performers[action] as Performer)(args, context)
      }
    }
    this.bell = await Bell.start({
      performers,
      notes: this.notes,
      tell: (overview) => this.told.push(overview),
      database: this.name,
      ports: this.ports,
    })
    this.#bells.push(this.bell)
    await this.bell.wake()
    return this.bell
  }

  /** The browser ends the worker, whatever it is at. */
  async kill(): Promise<void> {
    await this.bell.abandon()
  }

  async restart(): Promise<Bell> {
    await this.kill()
    return this.start()
  }

  /** Paired with `relay`, as if by a code; the stream is open. */
  async paired(relay: StandIn): Promise<Bell> {
    const bell = await this.stored(relay)
    await until(() => relay.streams > 0, 'the stream')
    await until(async () => (await bell.overview()).connection === 'connected', 'the greeting')
    return bell
  }

  /** The pairing is stored, and a worker has started with it. */
  async stored(relay: StandIn): Promise<Bell> {
    const database = await openDatabase(this.name)
    const pairing = {
      relay: relay.url,
      deviceId: DEVICE,
      deviceName: 'browser',
      accountId: null,
      declared: [],
      daemon: false,
    }
    const tokens = { refresh: relay.refresh, access: null, renewAt: 0, expiresAt: 0 }
    await new FactStore(database).begin(pairing, tokens)
    database.close()
    return this.start()
  }

  async waiting(count = 1): Promise<Overview['waiting']> {
    return until(async () => {
      const { waiting } = await this.bell.overview()
      return waiting.length >= count ? waiting : null
    }, `${count} waiting`)
  }

  async end(): Promise<void> {
    for (const bell of this.#bells) await bell.abandon()
  }
}
