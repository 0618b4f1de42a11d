// Access tokens, and the rotation of the refresh token, which survives a worker that is killed at any instant.
//
// The relay gives a successor to a refresh token at each use, and the same one again to whoever shows the old one a
// moment later and has not used the successor. So: the old one stays stored until the new one is durable, and the new
// one is durable before its access token is used. A worker killed in between leaves the old one, and the next shows it.

import type { FactStore } from '../store/facts.ts'
import { CLIENT_ID, type DeviceTokens, deviceTokens, Problem } from '../wire.ts'
import { retryAfterMs } from './backoff.ts'
import { Refusal, revoked } from './source.ts'

/** Pauses before each try, all well within the relay's grace, in which a device may ask again for a lost answer. */
const TRIES_MS = [0, 200, 600, 1_500, 3_000]
const ANSWER_MS = 20_000

export class Tokens {
  #access: { token: string; renewAt: number; expiresAt: number } | null = null
  #loaded = false
  #refreshing: Promise<string> | null = null

  constructor(
    readonly relay: string,
    readonly facts: FactStore,
  ) {}

  /**
   * A token that is good for a minute at least; one refresh at a time, however many ask.
   * Throws Problem revoked_token (pair again), not_paired, relay_unreachable, rate_limited.
   */
  async access(): Promise<string> {
    await this.#load()
    if (this.#access !== null && Date.now() < this.#access.renewAt) return this.#access.token
    return this.#refresh()
  }

  /**
   * Refresh when half of the lifetime is over. Called right after a worker was woken: it has 30 s before it then, so
   * that it is not killed between the relay's answer and the storage.
   */
  async freshen(): Promise<void> {
    await this.#load()
    const access = this.#access
    if (access !== null && Date.now() < access.renewAt - (access.expiresAt - access.renewAt) * 2) return
    await this.#refresh()
  }

  /** The relay answered 401 to `token`: the next `access` refreshes, unless somebody did meanwhile. */
  reject(token: string): void {
    if (this.#access?.token === token) this.#access = null
  }

  async #load(): Promise<void> {
    if (this.#loaded) return
    const stored = await this.facts.get('tokens')
    if (!this.#loaded && stored?.access) {
      this.#access = { token: stored.access, renewAt: stored.renewAt, expiresAt: stored.expiresAt }
    }
    this.#loaded = true
  }

  #refresh(): Promise<string> {
    this.#refreshing ??= this.#exchange().finally(() => {
      this.#refreshing = null
    })
    return this.#refreshing
  }

  async #exchange(): Promise<string> {
    if (await this.facts.get('revoked')) throw revoked()
    const stored = await this.facts.get('tokens')
    if (stored === undefined) throw new Problem('not_paired', 'This browser is not paired with a relay.', 'Pair it.')
    const answer = await this.#ask(stored.refresh)
    const { refresh, access, renewAt, expiresAt } = storedTokens(answer)
    await this.facts.set('tokens', { refresh, access, renewAt, expiresAt })
    this.#access = { token: answer.access_token, renewAt, expiresAt }
    return answer.access_token
  }

  async #ask(refresh: string): Promise<DeviceTokens> {
    let problem: Problem = new Problem('relay_unreachable', 'The relay did not answer a token refresh.')
    for (const pause of TRIES_MS) {
      await new Promise((resolve) => setTimeout(resolve, pause))
      try {
        const response = await postForm(`${this.relay}/oauth/token`, {
          grant_type: 'refresh_token',
          refresh_token: refresh,
          client_id: CLIENT_ID,
        })
        const said: unknown = await response.json()
        if (response.ok) return deviceTokens(said, 'it')
        problem = await this.#refused(response, said)
      } catch (error) {
        // The network, a body that is no JSON, an answer of another form: all may pass, and none is final.
        problem = new Problem(
          'relay_unreachable',
          `The relay did not answer a token refresh: ${(error as Error).message}.`,
        )
      }
      if (problem.code !== 'relay_unreachable') break
    }
    throw problem
  }

  async #refused(response: Response, said: unknown): Promise<Problem> {
    const error = oauthError(said)
    // RFC 6749 section 5.2: these are final; anything else may pass.
    if (response.status < 402 && ['invalid_grant', 'invalid_client', 'unauthorized_client'].includes(error)) {
      await this.facts.set('revoked', true)
      return revoked()
    }
    if (response.status === 429) {
      const pause = retryAfterMs(response.headers.get('Retry-After'))
      return new Refusal('rate_limited', 'The relay limits token refreshes.', pause)
    }
    return new Problem('relay_unreachable', `The relay answered ${response.status} to a token refresh.`)
  }
}

/** What is kept of an answer: renewed early and at random, so that browsers that came back together part again. */
export function storedTokens(answer: DeviceTokens) {
  const lifetime = Math.max(60, Math.min(answer.expires_in, 86_400)) * 1_000
  const expiresAt = Date.now() + lifetime
  return {
    refresh: answer.refresh_token,
    access: answer.access_token,
    expiresAt,
    renewAt: expiresAt - lifetime * (0.1 + Math.random() * 0.15),
  }
}

/** RFC 6749 section 5.2: the `error` of an OAuth answer. */
export function oauthError(said: unknown): string {
  const error = (said as { error?: unknown } | null)?.error
  return typeof error === 'string' ? error : ''
}

export function postForm(url: string, form: Record<string, string>): Promise<Response> {
  return fetch(url, {
    method: 'POST',
    body: new URLSearchParams(form),
    credentials: 'omit',
    cache: 'no-store',
    redirect: 'error',
    signal: AbortSignal.timeout(ANSWER_MS),
  })
}
