/** What the relay says of AI runs, as wire/deskbell_wire/run.py states it; checked, for the relay may lie. */

import {
  id,
  integer,
  listOf,
  Misfit,
  oneOf,
  orElse,
  orNull,
  type Read,
  type Reader,
  record,
  text,
  yesNo,
} from '../shape.ts'
import { Problem } from '../wire.ts'

export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}

/** `NaN` and infinity are no JSON, but 1e999 is. */
const decimal: Reader<number> = (value, at) => {
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new Misfit(`${at} is no number`)
  return value
}

/**
 * One of `GET /ai/providers`. `model`: the usual one; null: whoever asks must name one.
 * `stops_billing`: whether Stop also stops the bill; null: it does not say.
 */
export const provider = record({
  name: text({ most: 32 }),
  title: text({ most: 200 }),
  model: orNull(text({ most: 200 })),
  models: orElse(listOf(text({ most: 200 }), 1_000), []),
  stops_billing: orNull(yesNo),
})
export type Provider = Read<typeof provider>

export const providers = record({ providers: listOf(provider, 100) })

/** What `POST /ai/runs` gives. */
export const started = record({ run_id: id('run') })

export const token = record({ text: text() })

/** The last event of a run; nothing comes after it. */
export const end = record({
  status: oneOf('done', 'stopped', 'error'),
  code: orNull(text({ most: 64 })),
  message: orNull(text({ most: 2_000 })),
  stops_billing: orNull(yesNo),
  usage: record({
    prompt_tokens: integer(0),
    completion_tokens: integer(0),
    source: oneOf('provider', 'counted'),
  }),
  ttft_ms: orNull(decimal),
  duration_ms: decimal,
  tokens_per_s: orNull(decimal),
})
export type End = Read<typeof end>

/** What `GET /ai/runs/{id}` says. */
export const info = record({
  id: id('run'),
  status: oneOf('running', 'done', 'stopped', 'error'),
  text: text(),
  end: orNull(end),
})
export type RunInfo = Read<typeof info>

/** `value` as that reader has it. Throws Problem internal, naming what was not as agreed. */
export function as<T>(reader: Reader<T>, value: unknown): T {
  try {
    return reader(value, 'it')
  } catch (error) {
    if (!(error instanceof Misfit)) throw error
    throw new Problem(
      'internal',
      `The relay answered something else than agreed: ${error.message}.`,
      'Update the relay or the extension.',
    )
  }
}

/** The same for a JSON text. */
export function parsed<T>(reader: Reader<T>, json: string): T {
  let value: unknown
  try {
    value = JSON.parse(json)
  } catch {
    value = undefined // which no reader takes
  }
  return as(reader, value)
}
