/** The relay's `/ai` doors, asked from a page of the extension. The background lends the token; no page keeps it. */

import { ask } from '../messages.ts'
import { Problem } from '../wire.ts'
import { as, info, type Message, type Provider, providers, type RunInfo, started } from './wire.ts'

/** An answer to a request is a matter of seconds; a run's stream has its own patience. */
const ANSWER_MS = 20_000

/** The relay's address and a token good for at least a minute. */
export type Lend = () => Promise<{ relay: string; token: string }>

export interface Question {
  provider: string
  model?: string
  messages: Message[]
}

/** Every method throws Problem: with the relay's own code, or `relay_unreachable`. */
export class AiRelay {
  readonly #lend: Lend

  constructor(lend: Lend = () => ask('accessToken')) {
    this.#lend = lend
  }

  async providers(): Promise<Provider[]> {
    return as(providers, await this.#json('GET', '/ai/providers')).providers
  }

  /** Gives the run's id. */
  async start(question: Question): Promise<string> {
    return as(started, await this.#json('POST', '/ai/runs', question)).run_id
  }

  async info(run: string): Promise<RunInfo> {
    return as(info, await this.#json('GET', `/ai/runs/${encodeURIComponent(run)}`))
  }

  /** Answered when the provider's connection is closed. */
  async stop(run: string): Promise<void> {
    await this.#json('POST', `/ai/runs/${encodeURIComponent(run)}/stop`, {})
  }

  /** The open stream of a run after `cursor`; status 200, or 204 when nothing comes after it. */
  async stream(run: string, cursor: string | null, signal: AbortSignal): Promise<Response> {
    const headers: Record<string, string> = { Accept: 'text/event-stream' }
    if (cursor !== null) headers['Last-Event-ID'] = cursor
    return this.#send('GET', `/ai/runs/${encodeURIComponent(run)}/stream`, { headers, signal })
  }

  async #json(method: string, path: string, body?: unknown): Promise<unknown> {
    const signal = AbortSignal.timeout(ANSWER_MS)
    const headers: Record<string, string> = body === undefined ? {} : { 'Content-Type': 'application/json' }
    const sent = body === undefined ? {} : { body: JSON.stringify(body) }
    const answer = await this.#send(method, path, { headers, signal, ...sent })
    try {
      return await answer.json()
    } catch (error) {
      throw unreachable(error)
    }
  }

  async #send(
    method: string,
    path: string,
    init: RequestInit & { headers: Record<string, string> },
  ): Promise<Response> {
    let answer = await this.#once(method, path, init)
    // A token can be taken back between two requests: once, with the one that the background has then.
    if (answer.status === 401) answer = await this.#once(method, path, init)
    if (answer.ok) return answer
    throw await refusal(answer)
  }

  async #once(
    method: string,
    path: string,
    init: RequestInit & { headers: Record<string, string> },
  ): Promise<Response> {
    const { relay, token } = await this.#lend()
    try {
      return await fetch(new URL(path, relay), {
        ...init,
        method,
        headers: { ...init.headers, Authorization: `Bearer ${token}` },
        cache: 'no-store',
        credentials: 'omit',
        redirect: 'error',
      })
    } catch (error) {
      if (init.signal?.aborted && (error as Error).name === 'AbortError') throw error // asked for: no failure
      throw unreachable(error)
    }
  }
}

/** A problem document (RFC 9457) as a Problem; anything else by its status. */
async function refusal(answer: Response): Promise<Problem> {
  try {
    const document = (await answer.json()) as { code?: unknown; detail?: unknown; title?: unknown; next_step?: unknown }
    const sentence = document.detail ?? document.title
    if (typeof document.code === 'string' && typeof sentence === 'string') {
      return new Problem(
        document.code,
        sentence,
        typeof document.next_step === 'string' ? document.next_step : undefined,
      )
    }
  } catch {
    // not a problem document: a proxy's page
  }
  const code = answer.status >= 500 || answer.status === 429 ? 'relay_unreachable' : 'internal'
  return new Problem(code, `The relay answered with status ${answer.status}.`, 'Try again in a moment.')
}

function unreachable(error: unknown): Problem {
  const reason = error instanceof Error && error.name === 'TimeoutError' ? 'it did not answer in time' : 'no connection'
  return new Problem(
    'relay_unreachable',
    `The relay cannot be reached: ${reason}.`,
    'Check the network, then try again.',
  )
}
