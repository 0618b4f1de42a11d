// What the pages see, made from what the background knows.

import type { Activity, Overview, PairingView, Waiting } from './face.ts'
import { summaryOf } from './gate/attention.ts'
import { CATALOGUE } from './gate/catalogue.ts'
import { toInstant } from './link/clock.ts'
import type { ConnectionView } from './link/connection.ts'
import type { Pairing } from './store/facts.ts'
import type { Entry } from './store/ledger.ts'
import type { Status } from './wire.ts'

export interface Known {
  pairing: Pairing | undefined
  /** The organs of the pairing are there. */
  paired: boolean
  under: PairingView | undefined
  connection: ConnectionView
  paused: boolean
  waiting: readonly Entry[]
  recent: readonly Entry[]
}

export function overviewOf(known: Known): Overview {
  const { pairing, under, connection } = known
  return {
    connection: pairing === undefined ? 'needs_pairing' : connection.word,
    ...(pairing === undefined
      ? {}
      : { relay: pairing.relay, deviceName: pairing.deviceName, deviceId: pairing.deviceId }),
    ...(connection.heardAt === undefined ? {} : { lastPingAt: connection.heardAt }),
    ...(connection.problem === undefined ? {} : { problem: connection.problem }),
    paused: known.paused,
    waiting: known.waiting.map(waitingOf),
    recent: known.recent.map(activityOf),
    daemon: pairing?.daemon ?? false,
    ...(under === undefined ? {} : { pairing: under }),
  }
}

function waitingOf({ command }: Entry): Waiting {
  return {
    id: command.id,
    action: command.action,
    title: titleOf(command.action),
    assistant: command.assistant.name,
    host: command.assistant.host,
    arguments: command.arguments,
    expiresAt: command.expires_at,
    receivedAt: command.received_at,
  }
}

function activityOf(entry: Entry): Activity {
  const { command, report } = entry
  return {
    id: entry.id,
    action: command.action,
    title: titleOf(command.action),
    assistant: command.assistant.name,
    status: statusOf(entry),
    at: toInstant(entry.at),
    hops: entry.hops ?? {
      received: command.received_at,
      ...(report?.acted_at ? { acted: report.acted_at } : {}),
    },
    summary: summaryOf(entry),
    undoable: entry.undo !== undefined && entry.undone !== true,
    ...(report?.error ? { error: report.error } : {}),
  }
}

function statusOf(entry: Entry): Status {
  if (entry.report !== undefined) return entry.report.status
  return entry.state === 'waiting' ? 'awaiting_approval' : 'running'
}

function titleOf(action: string): string {
  return CATALOGUE.get(action)?.title ?? action
}
