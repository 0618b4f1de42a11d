// What the background tells the extension's pages. Pages hold no state of their own beyond what is on screen.

import type { Failure, Hop, Status } from './wire.ts'

/** `connected`: a ping came less than 40 s ago. `needs_pairing`: there is no account, or this device was revoked. */
export type Connection = 'needs_pairing' | 'connecting' | 'connected' | 'offline'

/** One command that waits for the person. Instants are those of the wire (RFC 3339, UTC, microseconds). */
export interface Waiting {
  id: string
  action: string
  title: string
  assistant: string
  host: string
  arguments: Record<string, unknown>
  expiresAt: string
  receivedAt: string
}

/** One command that was seen, newest first in `Overview.recent`. */
export interface Activity {
  id: string
  action: string
  title: string
  assistant: string
  status: Status
  at: string
  hops: Partial<Record<Hop, string>>
  summary: string
  undoable: boolean
  error?: Failure
}

/** A pairing under way: what the person compares, types or waits for. */
export interface PairingView {
  way: 'relay' | 'laptop'
  userCode?: string
  digits?: string
  relayHost: string
  expiresAt: string
  state: 'waiting' | 'confirm_digits' | 'denied' | 'expired' | 'failed'
  message?: string
}

/** Everything that popup, side panel, consent window and notes page show. */
export interface Overview {
  connection: Connection
  relay?: string
  deviceName?: string
  deviceId?: string
  lastPingAt?: string
  problem?: Failure
  paused: boolean
  waiting: Waiting[]
  recent: Activity[]
  /** A daemon that keeps notes is paired to the account. */
  daemon: boolean
  pairing?: PairingView
}

export type Risk = 'read' | 'write' | 'act'

/** What the person decided: run silently, run and show it, ask each time, always refuse. */
export type Rule = 'run' | 'notify' | 'ask' | 'refuse'

/** One line of the rules: `subject` is a risk or an action's id; `usual` holds where `rule` is `default`. */
export interface RuleView {
  subject: string
  title: string
  rule: Rule | 'default'
  usual: Rule
}

/** One that has asked for something here, or has rules of its own. `grant` alone tells one from another. */
export interface AssistantView {
  grant: string
  name: string
  host: string
}

export interface RulesView {
  assistants: AssistantView[]
  rules: RuleView[]
}

/** Where a captured page went. */
export interface CaptureView {
  title: string
  path: string
  where: 'laptop' | 'browser'
  characters: number
}

/** A page or a selection, read for the chat. `markdown` has no front matter. */
export interface PageText {
  title: string
  url: string
  markdown: string
}
