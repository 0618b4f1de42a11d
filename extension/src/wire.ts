// The contract with the relay, as deskbell_wire states it: what is read is checked, for the relay may lie.

import {
  anyObject,
  id,
  instant,
  integer,
  listOf,
  oneOf,
  orElse,
  orNull,
  type Read,
  type Reader,
  record,
  text,
} from './shape.ts'

export const WIRE_VERSION = 1

/** A public client that every relay knows. */
export const CLIENT_ID = 'deskbell-extension'

const status = oneOf(
  'queued',
  'delivered',
  'awaiting_approval',
  'running',
  'done',
  'refused',
  'failed',
  'interrupted',
  'expired',
  'cancelled',
)
const finalStatus = oneOf('done', 'refused', 'failed', 'interrupted', 'expired', 'cancelled')

export type Status = Read<typeof status>
export type FinalStatus = Read<typeof finalStatus>
export type Hop = 'received' | 'appended' | 'sent' | 'acted' | 'returned'

/** Why something was not done: a stable code, a sentence, and what to do next. */
export interface Failure {
  code: string
  message: string
  next_step?: string | null
}

const failure: Reader<Failure> = record({
  code: text({ most: 64, like: /^[a-z][a-z0-9_]*$/ }),
  message: text({ most: 2_000 }),
  next_step: orNull(text({ most: 1_000 })),
})

/** Who asks. Another device of the account (`dev_…`) may, for its notes. `name` is unverified; `host` is verified. */
const assistant = record({ grant_id: id('gra', 'dev'), name: text({ most: 200 }), host: text({ most: 255 }) })

export const command = record({
  id: id('cmd'),
  action: text({ most: 64 }),
  arguments: anyObject,
  device_id: id('dev'),
  assistant,
  received_at: instant,
  expires_at: instant,
})
export type Command = Read<typeof command>

export const cancellation = record({ id: id('cmd') })

export const hello = record({
  wire_version: integer(),
  device_id: id('dev'),
  device_name: text(),
  server_time: instant,
  heartbeat_s: integer(),
  retention_s: integer(),
  epoch: text(),
  oldest_seq: integer(),
  newest_seq: integer(),
})
export type Hello = Read<typeof hello>

export const gap = record({ missed_from: integer(), missed_to: integer() })
export const reset = record({ reason: oneOf('other_epoch', 'future'), epoch: text() })
export const ping = record({ server_time: instant })
export const bye = record({ reason: oneOf('draining', 'revoked', 'replaced'), reconnect_within_s: integer() })
export type Bye = Read<typeof bye>

export const approval = record({
  id: text(),
  kind: oneOf('assistant', 'device'),
  name: text(),
  host: text(),
  scopes: listOf(text()),
  actions: orElse(listOf(text()), []),
  status: oneOf('pending', 'approved', 'denied', 'expired'),
  created_at: instant,
  expires_at: instant,
})

export const runNotice = record({
  id: id('run'),
  provider: text(),
  model: text(),
  status: oneOf('running', 'done', 'stopped', 'error'),
})

export const progress = record({
  status: oneOf('awaiting_approval', 'running'),
  message: orNull(text({ most: 2_000 })),
})

/** What is posted once a command is finished. `acted_at`: when the effect was complete, by the relay's clock. */
export const report = record({
  status: finalStatus,
  output: orNull(anyObject),
  error: orNull(failure),
  acted_at: orNull(instant),
})
export type Report = Read<typeof report>

const hops = record({
  received: orNull(instant),
  appended: orNull(instant),
  sent: orNull(instant),
  acted: orNull(instant),
  returned: orNull(instant),
})
const NO_HOPS = { received: null, appended: null, sent: null, acted: null, returned: null }

export const result = record({
  id: id('cmd'),
  action: text(),
  status,
  device: orNull(text()),
  output: orNull(anyObject),
  error: orNull(failure),
  hops: orElse(hops, NO_HOPS),
  expires_at: orNull(instant),
  check_after_s: orNull(integer()),
  message: orNull(text()),
})
export type Result = Read<typeof result>

export const deviceInfo = record({
  id: id('dev'),
  name: text(),
  kind: oneOf('daemon', 'extension'),
  actions: listOf(text()),
  online: orElse<boolean | null>(
    orNull((value) => value === true),
    null,
  ),
  rank: integer(),
  created_at: instant,
})
export type DeviceInfo = Read<typeof deviceInfo>
export const deviceList = record({ devices: listOf(deviceInfo) })

/** The answer to pairing and to a refresh. Never logged. */
export const deviceTokens = record({
  access_token: text({ least: 1, most: 10_000 }),
  refresh_token: text({ least: 1, most: 10_000 }),
  expires_in: integer(),
  account_id: orNull(text()),
  device_id: orNull(id('dev')),
})
export type DeviceTokens = Read<typeof deviceTokens>

/** RFC 8628 section 3.2. `expires_in` and `interval` in seconds. */
export const deviceCode = record({
  device_code: text({ least: 1, most: 1_000 }),
  user_code: text({ least: 8, most: 20, like: /^[A-Z0-9-]+$/ }),
  verification_uri: text({ most: 2_000 }),
  expires_in: integer(1, 86_400),
  interval: orElse(integer(1, 600), 5),
})
export type DeviceCode = Read<typeof deviceCode>

/** An error for the person or the assistant; `code` stands in the table of errors (docs/errors.md). */
export class Problem extends Error {
  override readonly name = 'Problem'

  constructor(
    readonly code: string,
    message: string,
    readonly nextStep?: string,
  ) {
    super(message)
  }

  static from(failure: Failure): Problem {
    return new Problem(failure.code, failure.message, failure.next_step ?? undefined)
  }

  /** As it crosses the wire and the extension's own messages. */
  get failure(): Failure {
    return {
      code: this.code,
      message: this.message.slice(0, 2_000),
      ...(this.nextStep === undefined ? {} : { next_step: this.nextStep.slice(0, 1_000) }),
    }
  }
}
