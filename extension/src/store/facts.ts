// What the background remembers besides commands: small, by name, durable before it is used.

import type { Consent } from '../gate/policy.ts'
import type { Failure } from '../wire.ts'
import type { Database } from './database.ts'

export interface Pairing {
  relay: string
  deviceId: string
  deviceName: string
  accountId: string | null
  /** What this device last declared at the relay. */
  declared: string[]
  /** A daemon that keeps notes is paired to the account. */
  daemon: boolean
}

/** The access token may be lost; the refresh token may not. `renewAt` in milliseconds since the epoch. */
export interface StoredTokens {
  refresh: string
  access: string | null
  renewAt: number
  expiresAt: number
}

export interface Facts {
  pairing: Pairing
  tokens: StoredTokens
  /** The relay ended the pairing: nobody asks again. */
  revoked: true
  /** `<epoch>-<seq>` of the last event whose effect, or record, is durable. */
  cursor: string
  clockOffsetMs: number
  /** Of this machine's clock: when the relay was last heard, and when the next try may be. */
  heardAt: number
  tryAfter: { at: number; failures: number; problem: Failure }
  paused: boolean
  rules: Consent
}

/** What belongs to one account, and ends with it. */
const OF_A_PAIRING = ['pairing', 'tokens', 'revoked', 'cursor', 'clockOffsetMs', 'heardAt', 'tryAfter'] as const

export class FactStore {
  constructor(readonly database: Database) {}

  async get<K extends keyof Facts>(name: K): Promise<Facts[K] | undefined> {
    return (await this.database.get('facts', name)) as Facts[K] | undefined
  }

  /** Resolves when it is on disk. */
  async set<K extends keyof Facts>(name: K, value: Facts[K]): Promise<void> {
    const change = this.database.transaction('facts', 'readwrite', { durability: 'strict' })
    await Promise.all([change.store.put(value, name), change.done])
  }

  /** For what may be lost with the machine's power. */
  async note<K extends keyof Facts>(name: K, value: Facts[K]): Promise<void> {
    const change = this.database.transaction('facts', 'readwrite', { durability: 'relaxed' })
    await Promise.all([change.store.put(value, name), change.done])
  }

  async delete(...names: (keyof Facts)[]): Promise<void> {
    const change = this.database.transaction('facts', 'readwrite', { durability: 'strict' })
    await Promise.all([...names.map((name) => change.store.delete(name)), change.done])
  }

  /**
   * A pairing begins: its tokens and itself are there together, or neither. What waited for an account before it is not
   * this one's to answer.
   */
  async begin(pairing: Pairing, tokens: StoredTokens): Promise<void> {
    const change = this.database.transaction(['facts', 'ledger'], 'readwrite', { durability: 'strict' })
    const facts = change.objectStore('facts')
    await Promise.all([
      ...OF_A_PAIRING.map((name) => facts.delete(name)),
      facts.put(pairing, 'pairing'),
      facts.put(tokens, 'tokens'),
      change.objectStore('ledger').clear(),
      change.done,
    ])
  }

  /** A pairing is over: nothing of the account stays; the person's rules and the pause do. */
  async end(): Promise<void> {
    const change = this.database.transaction(['facts', 'ledger'], 'readwrite', { durability: 'strict' })
    const facts = change.objectStore('facts')
    await Promise.all([
      ...OF_A_PAIRING.map((name) => facts.delete(name)),
      change.objectStore('ledger').clear(),
      change.done,
    ])
  }
}
