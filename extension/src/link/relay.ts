// Single requests to the relay, with this device's token.

import type { Reader } from '../shape.ts'
import {
  type Command,
  type DeviceInfo,
  deviceInfo,
  deviceList,
  Problem,
  type Report,
  type Result,
  result,
} from '../wire.ts'
import { retryAfterMs } from './backoff.ts'
import { revoked } from './source.ts'
import type { Tokens } from './tokens.ts'

const ANSWER_MS = 20_000
/** The relay waits 35 s for a device at the most. */
const LONGEST_MS = 45_000

export interface Answer {
  status: number
  /** The body, when it is JSON; else null. */
  said: unknown
  retryAfterMs: number
}

export class Relay {
  constructor(
    readonly url: string,
    readonly tokens: Tokens,
  ) {}

  /** One request; a 401 refreshes the token and asks once more. Throws Problem revoked_token, relay_unreachable … */
  async ask(
    method: string,
    path: string,
    body?: unknown,
    more: { headers?: Record<string, string>; ms?: number } = {},
  ): Promise<Answer> {
    for (const last of [false, true]) {
      const token = await this.tokens.access()
      let response: Response
      try {
        response = await fetch(`${this.url}${path}`, {
          method,
          headers: {
            Authorization: `Bearer ${token}`,
            ...(body === undefined ? {} : { 'Content-Type': 'application/json' }),
            ...more.headers,
          },
          ...(body === undefined ? {} : { body: JSON.stringify(body) }),
          credentials: 'omit',
          cache: 'no-store',
          redirect: 'error',
          signal: AbortSignal.timeout(more.ms ?? ANSWER_MS),
        })
      } catch (error) {
        throw new Problem('relay_unreachable', `The relay did not answer (${(error as Error).name}).`)
      }
      if (response.status === 401) {
        this.tokens.reject(token)
        if (!last) continue
        throw revoked()
      }
      const said: unknown = await response.json().catch(() => null) // 204, or a page of a proxy: the status says it
      return { status: response.status, said, retryAfterMs: retryAfterMs(response.headers.get('Retry-After')) }
    }
    throw revoked()
  }

  /** The same, for an answer of a known form. Throws the relay's Problem for every status that is no success. */
  async call<T>(read: Reader<T>, ...request: Parameters<Relay['ask']>): Promise<T> {
    const answer = await this.ask(...request)
    if (answer.status >= 400) throw problemOf(answer)
    return read(answer.said, 'the answer')
  }

  async devices(): Promise<DeviceInfo[]> {
    return (await this.call(deviceList, 'GET', '/v1/devices')).devices
  }

  async declare(deviceId: string, actions: readonly string[]): Promise<void> {
    await this.call(deviceInfo, 'PATCH', `/v1/devices/${deviceId}`, { actions })
  }

  async command(id: string): Promise<Result> {
    return this.call(result, 'GET', `/v1/commands/${id}`)
  }

  /** Ask another device of the account for a note action; the same `key` again joins the first. */
  async request(action: string, args: Command['arguments'], key: string, waitS: number): Promise<Result> {
    const body = { action, arguments: args, idempotency_key: key }
    return this.call(result, 'POST', '/v1/commands', body, { headers: { Prefer: `wait=${waitS}` }, ms: LONGEST_MS })
  }

  async progress(id: string, status: 'awaiting_approval' | 'running'): Promise<Answer> {
    return this.ask('POST', `/v1/commands/${id}/progress`, { status })
  }

  async report(id: string, said: Report): Promise<Answer> {
    return this.ask('POST', `/v1/commands/${id}/result`, said)
  }
}

/** What the relay said was wrong (RFC 9457). */
export function problemOf(answer: Answer): Problem {
  const { code, detail, next_step } = (answer.said ?? {}) as Record<string, unknown>
  return new Problem(
    typeof code === 'string' && /^[a-z][a-z0-9_]{0,63}$/.test(code) ? code : 'relay_unreachable',
    typeof detail === 'string' ? detail.slice(0, 2_000) : `The relay answered ${answer.status}.`,
    typeof next_step === 'string' ? next_step.slice(0, 1_000) : undefined,
  )
}
