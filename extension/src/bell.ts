// The background's organs, put together anew whenever the worker wakes: all that lasts is in the store.

import { browser } from 'wxt/browser'
import type { NewNote, Performer, SavedNote } from './actions/context.ts'
import type { Overview } from './face.ts'
import { Eye, say } from './gate/attention.ts'
import { Gate } from './gate/gate.ts'
import { Performance } from './gate/performance.ts'
import { Policy } from './gate/policy.ts'
import { Account } from './link/account.ts'
import { RelayClock } from './link/clock.ts'
import { Connection } from './link/connection.ts'
import { Events } from './link/events.ts'
import { PORTS } from './link/laptop.ts'
import { PairingDesk } from './link/pairing.ts'
import { Relay } from './link/relay.ts'
import { Reports } from './link/reports.ts'
import { RelayEventSource } from './link/source.ts'
import { postForm, Tokens } from './link/tokens.ts'
import { type Handed, Handover } from './notes/handover.ts'
import { keep } from './notes/keeping.ts'
import { NotesRoom } from './notes/room.ts'
import { overviewOf } from './overview.ts'
import { openDatabase } from './store/database.ts'
import { FactStore, type Pairing } from './store/facts.ts'
import { Ledger, type Undo } from './store/ledger.ts'
import { shut } from './store/session.ts'
import { t } from './ui/text.ts'
import { unattended } from './unattended.ts'
import { CLIENT_ID, Problem } from './wire.ts'

/** What there is while a pairing lasts. */
interface Line {
  pairing: Pairing
  relay: Relay
  account: Account
  handover: Handover
  clock: RelayClock
  reports: Reports
  gate: Gate
  source: RelayEventSource | null
}

export interface BellOptions {
  performers: Readonly<Record<string, Performer>>
  notes?: NotesRoom
  /** Told to every page that is open. */
  tell(overview: Overview): void
  ports?: readonly number[]
  database?: string
}

const LOOK_EVERY_MS = 600_000
const TELL_MS = 50

export class Bell {
  readonly facts: FactStore
  readonly ledger: Ledger
  readonly policy: Policy
  readonly pairing: PairingDesk
  readonly notes: NotesRoom
  readonly eye: Eye
  readonly connection: Connection
  readonly performance: Performance
  readonly #options: BellOptions
  #line: Line | null = null
  #waking: Promise<void> | null = null
  #telling: ReturnType<typeof setTimeout> | undefined
  #lookedAt = 0

  static async start(options: BellOptions): Promise<Bell> {
    await shut()
    const database = await openDatabase(options.database)
    return new Bell(new FactStore(database), new Ledger(database), options)
  }

  private constructor(facts: FactStore, ledger: Ledger, options: BellOptions) {
    this.#options = options
    this.facts = facts
    this.ledger = ledger
    this.policy = new Policy(facts, ledger)
    this.connection = new Connection(facts, () => this.changed())
    this.eye = new Eye(
      () => this.changed(),
      (id) => this.undo(id),
    )
    this.pairing = new PairingDesk(
      facts,
      () => this.wake(),
      () => this.changed(),
      options.ports ?? PORTS,
    )
    this.notes = options.notes ?? new NotesRoom()
    this.performance = new Performance(
      options.performers,
      this.notes,
      (note, key) => this.keep(note, key),
      () => this.#line?.clock.now() ?? Date.now(),
    )
  }

  /** At every wake, for whatever reason: the stream is open, or about to be; nothing that was begun is left lying. */
  wake(): Promise<void> {
    this.#waking ??= this.#wake().finally(() => {
      this.#waking = null
    })
    return this.#waking
  }

  /** The network is back: the pause before the next try is over. */
  async online(): Promise<void> {
    this.#line?.source?.wake()
  }

  /** What there is while a pairing lasts. Throws Problem not_paired. */
  get line(): Line {
    if (this.#line === null) throw new Problem('not_paired', 'This browser is not paired with a relay.', 'Pair it.')
    return this.#line
  }

  async overview(): Promise<Overview> {
    const paused = (await this.facts.get('paused')) ?? false
    const waiting = this.#line === null ? [] : await this.#line.gate.waiting()
    this.eye.badge(waiting.length, paused)
    return overviewOf({
      pairing: await this.facts.get('pairing'),
      paired: this.#line !== null,
      under: await this.pairing.view(),
      connection: await this.connection.state(),
      paused,
      waiting,
      recent: await this.ledger.recent(30),
    })
  }

  /** Pages and badge are told soon, once for many changes. */
  changed(): void {
    clearTimeout(this.#telling)
    this.#telling = setTimeout(() => {
      this.overview()
        .then((overview) => this.#options.tell(overview))
        .catch((error: unknown) => console.warn('The pages were not told.', error)) // they ask when they open
    }, TELL_MS)
  }

  async pause(paused: boolean): Promise<void> {
    if (this.#line === null) await this.facts.set('paused', paused)
    else if (paused) await this.#line.gate.pause()
    else await this.#line.gate.resume()
    this.changed()
  }

  /** Keep a note on behalf of `key`, once: here, and on the laptop if the account has one that keeps notes. */
  async keep(note: NewNote, key: string): Promise<SavedNote & { undo: Undo }> {
    const daemon = (await this.facts.get('pairing'))?.daemon ?? false
    const saved = await keep(this.notes, daemon ? (this.#line?.handover ?? null) : null, note, key)
    const undone = saved.where === 'laptop' ? { path: saved.path } : { command_id: key }
    return { ...saved, undo: { action: 'note.undo', arguments: undone, where: saved.where } }
  }

  /** The browser's own notes go to the laptop now. Throws Problem not_paired, no_capable_device. */
  async handOver(): Promise<Handed> {
    const { handover } = this.line
    if (!(await this.facts.get('pairing'))?.daemon) {
      throw new Problem('no_capable_device', 'No laptop of this account keeps notes.', 'Pair one with `deskbell pair`.')
    }
    return handover.run({ again: true })
  }

  /** Throws Problem nothing_to_undo, and those of the undo itself. */
  async undo(id: string): Promise<void> {
    const entry = await this.ledger.entry(id)
    if (entry?.undo === undefined || entry.undone) {
      throw new Problem('nothing_to_undo', 'There is nothing to take back here.')
    }
    const { action, arguments: args, where } = entry.undo
    if (where === 'laptop') {
      const result = await this.line.relay.request(action, args, `undo:${id}`, 30)
      if (result.error !== null) throw Problem.from(result.error)
    } else {
      const { report } = await this.performance.perform({
        id: crypto.randomUUID(),
        command: { ...entry.command, action, arguments: args },
      })
      if (report.error) throw Problem.from(report.error)
    }
    await this.ledger.undone(id)
    this.changed()
  }

  /** Forget the account here, and tell the relay, if it can be reached. */
  async unpair(): Promise<void> {
    const line = this.#line
    if (line !== null) {
      this.#hangUp(line)
      const refresh = (await this.facts.get('tokens'))?.refresh
      try {
        await line.relay.ask('DELETE', `/v1/devices/${line.pairing.deviceId}`)
        if (refresh !== undefined) {
          await postForm(`${line.relay.url}/oauth/revoke`, { token: refresh, client_id: CLIENT_ID })
        }
      } catch (error) {
        // Revoked there already, or out of reach: here it is over in any case, and the laptop lists the device.
        console.warn('The relay was not told.', error)
      }
    }
    await this.facts.end()
    await this.connection.reset()
    this.changed()
  }

  /** Everything is left where it stands, as when the worker is killed; for tests. */
  async abandon(): Promise<void> {
    clearTimeout(this.#telling)
    await this.pairing.stop()
    if (this.#line !== null) this.#hangUp(this.#line)
    this.facts.database.close()
  }

  async #wake(): Promise<void> {
    unattended(this.pairing.resume(), 'The pairing')
    const pairing = await this.facts.get('pairing')
    if (pairing === undefined) {
      this.changed()
      return
    }
    if (this.#line !== null && this.#line.pairing.deviceId !== pairing.deviceId) this.#hangUp(this.#line)
    if (this.#line === null) {
      this.#line = await this.#open(pairing)
      await this.#line.gate.recover()
      unattended(this.#line.reports.resume(), 'The outbox')
    }
    const line = this.#line
    await line.gate.waiting() // ends those whose time is over
    if (await this.facts.get('revoked')) {
      await this.connection.ended(null)
      return
    }
    if (line.source === null || line.source.readyState === RelayEventSource.CLOSED) await this.#listen(line)
    unattended(this.#tend(line), 'Tending the line')
    this.changed()
  }

  async #open(pairing: Pairing): Promise<Line> {
    const relay = new Relay(pairing.relay, new Tokens(pairing.relay, this.facts))
    const clock = new RelayClock((await this.facts.get('clockOffsetMs')) ?? 0)
    const reports = new Reports(relay, this.ledger, () => this.changed())
    const { facts, ledger, policy, performance, eye } = this
    const parts = { deviceId: pairing.deviceId, ledger, facts, policy, performance, reports, clock, attention: eye }
    return {
      pairing,
      relay,
      clock,
      reports,
      gate: new Gate(parts),
      account: new Account(relay, facts),
      handover: new Handover(this.notes, relay),
      source: null,
    }
  }

  async #listen(line: Line): Promise<void> {
    const events = new Events({
      deviceId: line.pairing.deviceId,
      receiver: line.gate,
      clock: line.clock,
      greeted: () => {
        unattended(line.reports.resume(), 'The outbox')
        unattended(line.gate.remind(), 'Reminding the relay')
        this.#lookedAt = 0
        unattended(this.#tend(line), 'Tending the line')
      },
      heard: () => this.connection.heard(line.clock.offsetMs),
      accountChanged: () => {
        this.#lookedAt = 0
        unattended(this.#tend(line), 'Tending the line')
      },
      missed: () => say(t('extension_name'), t('events_missed')),
    })
    const backoff = await this.connection.backoff()
    if (backoff === null) return // the relay asked for a longer pause, before this worker lived
    line.source = new RelayEventSource({
      backoff,
      request: async () => {
        this.connection.connecting()
        const token = await line.relay.tokens.access()
        return { url: `${line.relay.url}/v1/stream`, token, lastEventId: (await this.facts.get('cursor')) ?? null }
      },
      rejected: (token) => line.relay.tokens.reject(token),
      take: (received) => events.take(received),
      failed: (problem, pauseMs) =>
        unattended(this.#failed(problem, pauseMs, backoff.failures), 'Remembering the connection'),
    })
  }

  async #failed(problem: Problem, pauseMs: number | null, failures: number): Promise<void> {
    if (problem.code === 'revoked_token') await this.facts.set('revoked', true)
    if (pauseMs === null) await this.connection.ended(problem)
    else await this.connection.lost(problem, pauseMs, failures)
  }

  /** What is to be done now and then, and can wait for the next time: a problem here is the relay's being away. */
  async #tend(line: Line): Promise<void> {
    try {
      await line.relay.tokens.freshen()
      if (Date.now() - this.#lookedAt < LOOK_EVERY_MS) return
      this.#lookedAt = Date.now()
      await line.account.look()
      this.changed()
      await this.ledger.prune()
      if ((await this.facts.get('pairing'))?.daemon) await line.handover.run()
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      this.#lookedAt = 0
    }
  }

  #hangUp(line: Line): void {
    line.source?.close()
    line.reports.close()
    this.performance.cancelAll()
    if (this.#line === line) this.#line = null
  }
}

/** Alarms bring back a sleeping worker: Chromium's shortest, and in Firefox one below the event page's idle time. */
export async function setAlarm(): Promise<void> {
  const periodInMinutes = import.meta.env.BROWSER === 'firefox' ? 0.4 : 0.5
  const alarm = await browser.alarms.get('wake')
  if (alarm?.periodInMinutes !== periodInMinutes) await browser.alarms.create('wake', { periodInMinutes })
}
