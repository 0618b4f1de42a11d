/** What the relay says of AI runs, as wire/deskbell_wire/run.py states it; checked, for the relay may lie. */

import { Problem } from '../wire.ts'

export interface Provider {
  name: string
  title: string
  model: string
  models: string[]
  /** Whether stopping also stops the bill; null: the provider does not say. */
  stops_billing: boolean | null
}

export interface Message {
  role: 'system' | 'user' | 'assistant'
  content: string
}

/** The last event of a run; nothing comes after it. */
export interface End {
  status: 'done' | 'stopped' | 'error'
  code: string | null
  message: string | null
  stops_billing: boolean | null
  usage: { prompt_tokens: number; completion_tokens: number; source: 'provider' | 'counted' }
  ttft_ms: number | null
  duration_ms: number
  tokens_per_s: number | null
}

/** A run as `GET /ai/runs/{id}` has it. */
export interface RunInfo {
  id: string
  status: 'running' | 'done' | 'stopped' | 'error'
  text: string
  end: End | null
}

type Json = Record<string, unknown>

/** Throws Problem internal, naming what was not as it must be. */
function broken(what: string): never {
  throw new Problem(
    'internal',
    `The relay answered something else than expected: ${what}.`,
    'Update the relay or the extension.',
  )
}

export function object(value: unknown, what: string): Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Json) : broken(what)
}

function text(value: unknown, what: string): string {
  return typeof value === 'string' ? value : broken(what)
}

function number(value: unknown, what: string): number {
  return typeof value === 'number' && Number.isFinite(value) ? value : broken(what)
}

/** Absent is null: the relay leaves out what is null in some answers. */
function or<T>(read: (value: unknown, what: string) => T, value: unknown, what: string): T | null {
  return value === null || value === undefined ? null : read(value, what)
}

function flag(value: unknown, what: string): boolean {
  return typeof value === 'boolean' ? value : broken(what)
}

function oneOf<T extends string>(values: readonly T[], value: unknown, what: string): T {
  return values.find((one) => one === value) ?? broken(what)
}

export function providersOf(value: unknown): Provider[] {
  const listed = object(value, 'the list of providers').providers
  if (!Array.isArray(listed)) return broken('the list of providers')
  return listed.map((one) => {
    const given = object(one, 'a provider')
    const models = Array.isArray(given.models) ? given.models.map((model) => text(model, 'a model')) : []
    return {
      name: text(given.name, "a provider's name"),
      title: text(given.title, "a provider's title"),
      model: text(given.model, "a provider's model"),
      models,
      stops_billing: or(flag, given.stops_billing, 'stops_billing'),
    }
  })
}

export function runIdOf(value: unknown): string {
  const id = text(object(value, 'a run').run_id, 'run_id')
  return /^run_[0-9a-f-]{36}$/.test(id) ? id : broken('run_id')
}

export function tokenOf(value: unknown): string {
  return text(object(value, 'a token').text, "a token's text")
}

export function endOf(value: unknown): End {
  const given = object(value, 'the end of a run')
  const usage = object(given.usage, 'usage')
  return {
    status: oneOf(['done', 'stopped', 'error'] as const, given.status, 'status'),
    code: or(text, given.code, 'code'),
    message: or(text, given.message, 'message'),
    stops_billing: or(flag, given.stops_billing, 'stops_billing'),
    usage: {
      prompt_tokens: number(usage.prompt_tokens, 'prompt_tokens'),
      completion_tokens: number(usage.completion_tokens, 'completion_tokens'),
      source: oneOf(['provider', 'counted'] as const, usage.source, 'source'),
    },
    ttft_ms: or(number, given.ttft_ms, 'ttft_ms'),
    duration_ms: number(given.duration_ms, 'duration_ms'),
    tokens_per_s: or(number, given.tokens_per_s, 'tokens_per_s'),
  }
}

export function infoOf(value: unknown): RunInfo {
  const given = object(value, 'a run')
  return {
    id: text(given.id, 'id'),
    status: oneOf(['running', 'done', 'stopped', 'error'] as const, given.status, 'status'),
    text: text(given.text, 'text'),
    end: or(endOf, given.end, 'end'),
  }
}
