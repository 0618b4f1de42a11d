// How this browser comes to an account: the device grant (RFC 8628), with a code that the person types at the laptop, or
// with the laptop's daemon, which is told the code over loopback and shows the same six digits.

import type { PairingView } from '../face.ts'
import { declared } from '../gate/catalogue.ts'
import { Misfit } from '../shape.ts'
import type { FactStore } from '../store/facts.ts'
import { forget, type PairingUnderWay, read, write } from '../store/session.ts'
import { unattended } from '../unattended.ts'
import { CLIENT_ID, deviceCode, deviceTokens, Problem } from '../wire.ts'
import { checkRelay } from './address.ts'
import { retryAfterMs } from './backoff.ts'
import { toInstant } from './clock.ts'
import { findDaemon, meet, PORTS, stateOf } from './laptop.ts'
import { oauthError, postForm, storedTokens } from './tokens.ts'

const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'
const LAPTOP_MS = 1_000
const QUIET_MS = 10_000
const NAME = /^[^\p{Cc}]{1,64}$/u

type Ended = 'denied' | 'expired' | 'failed'

export class PairingDesk {
  #polling: Promise<void> | null = null
  #timer: ReturnType<typeof setTimeout> | undefined
  #due: () => void = () => {}
  #stopped = false

  constructor(
    readonly facts: FactStore,
    /** The pairing is stored. */
    readonly paired: () => Promise<void>,
    readonly changed: () => void,
    readonly ports: readonly number[] = PORTS,
  ) {}

  async view(): Promise<PairingView | undefined> {
    return (await read('pairing'))?.view
  }

  /** Throws Problem already_paired, insecure_relay, relay_unreachable, rate_limited, invalid_arguments. */
  async withRelay(address: string, name: string): Promise<void> {
    await this.#free()
    const relay = checkRelay(address)
    const started = await this.#begin(relay, name, 'relay')
    await this.#keep({ ...started, confirmed: true })
  }

  /** Throws Problem daemon_not_running, not_paired, daemon_not_genuine too. */
  async withLaptop(name: string): Promise<void> {
    await this.#free()
    const daemon = await findDaemon(this.ports)
    const relay = checkRelay(daemon.relay ?? '')
    const started = await this.#begin(relay, name, 'laptop')
    const digits = await meet(daemon, started.code.user_code, name, relay)
    const view = { ...started.view, digits, state: 'confirm_digits' as const }
    await this.#keep({ ...started, view, port: daemon.port })
  }

  /** Whether the laptop shows the same digits. Tokens are asked for, and kept, only after a yes. */
  async confirm(match: boolean): Promise<void> {
    const under = await read('pairing')
    if (under?.view.state !== 'confirm_digits') throw new Problem('code_not_valid', 'No pairing waits for its digits.')
    if (!match) {
      const message = 'The digits were not the same: nothing was paired. Refuse the request on the laptop too.'
      await this.#end(under, 'failed', message)
      return
    }
    await this.#keep({ ...under, confirmed: true, view: { ...under.view, state: 'waiting' } })
  }

  async cancel(): Promise<void> {
    await forget('pairing')
    this.#due()
    this.changed()
  }

  /** Ask no more, and leave it where it stands. */
  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#timer)
    this.#due()
    await this.#polling
  }

  /** Go on with what is under way: at every wake. */
  resume(): Promise<void> {
    this.#polling ??= this.#poll().finally(() => {
      this.#polling = null
    })
    return this.#polling
  }

  async #free(): Promise<void> {
    if ((await this.facts.get('pairing')) !== undefined && (await this.facts.get('revoked')) === undefined) {
      throw new Problem('already_paired', 'This browser is paired already.', 'Unpair it first.')
    }
    await this.cancel()
  }

  async #begin(relay: string, name: string, way: PairingView['way']): Promise<PairingUnderWay> {
    if (!NAME.test(name)) {
      throw new Problem(
        'invalid_arguments',
        'A name has 1 to 64 characters, all of which can be seen.',
        'Choose another.',
      )
    }
    let response: Response
    let said: unknown
    try {
      response = await postForm(`${relay}/oauth/device_authorization`, {
        client_id: CLIENT_ID,
        device_kind: 'extension',
        device_name: name,
        device_actions: declared(false).join(' '),
      })
      said = await response.json()
    } catch (error) {
      const reason = `${relay} cannot be reached, or is no Deskbell relay (${(error as Error).name}).`
      throw new Problem('relay_unreachable', reason, 'Check the address and the network.')
    }
    if (!response.ok) throw refused(relay, response, said)
    let code: PairingUnderWay['code']
    try {
      code = deviceCode(said, 'the code')
    } catch (error) {
      if (!(error instanceof Misfit)) throw error
      throw new Problem('relay_unreachable', `${relay} answered with something else: ${error.message}.`)
    }
    const expiresAt = toInstant(Date.now() + code.expires_in * 1_000)
    const view: PairingView = {
      way,
      ...(way === 'relay' ? { userCode: code.user_code } : {}),
      relayHost: new URL(relay).host,
      expiresAt,
      state: 'waiting',
    }
    const intervalMs = code.interval * 1_000
    return { relay, deviceName: name, code, view, intervalMs, pollAt: Date.now() + intervalMs, confirmed: false }
  }

  async #keep(under: PairingUnderWay): Promise<void> {
    await write('pairing', under)
    this.changed()
    this.#due()
    unattended(this.resume(), 'The pairing')
  }

  async #end(under: PairingUnderWay, state: Ended, message: string): Promise<void> {
    const { userCode: _code, digits: _digits, ...view } = under.view
    await write('pairing', {
      ...under,
      code: { ...under.code, device_code: '' },
      view: { ...view, state, message },
    })
    this.changed()
  }

  async #poll(): Promise<void> {
    while (!this.#stopped) {
      const under = await read('pairing')
      if (under === undefined || !['waiting', 'confirm_digits'].includes(under.view.state)) return
      if (Date.parse(under.view.expiresAt) <= Date.now()) {
        await this.#end(under, 'expired', 'Nobody approved the code before it expired.')
        return
      }
      const laptop = under.port === undefined ? 'waiting' : await this.#laptop(under.port, under.code.user_code)
      if (laptop === 'denied') {
        await this.#end(under, 'denied', 'It was refused on the laptop.')
        return
      }
      // Before the laptop has said yes the relay is asked seldom, so that it may be asked at once afterwards.
      const early = under.port !== undefined && laptop === 'waiting' ? QUIET_MS : 0
      const due = under.confirmed && Date.now() >= under.pollAt + early
      if (due && (await this.#ask(under))) return
      const next = under.port === undefined ? Math.max(under.pollAt - Date.now(), 200) : LAPTOP_MS
      await new Promise<void>((resolve) => {
        this.#due = resolve
        this.#timer = setTimeout(resolve, next)
      })
    }
  }

  async #laptop(port: number, userCode: string): Promise<string> {
    try {
      return await stateOf(port, userCode)
    } catch (error) {
      if (!(error instanceof Problem)) throw error
      return 'waiting' // it may be restarting; the relay alone decides in the end
    }
  }

  /** Ask the relay once; true when the pairing is over, well or not. */
  async #ask(under: PairingUnderWay): Promise<boolean> {
    let response: Response
    let said: unknown
    try {
      response = await postForm(`${under.relay}/oauth/token`, {
        grant_type: DEVICE_GRANT,
        device_code: under.code.device_code,
        client_id: CLIENT_ID,
      })
      said = await response.json()
    } catch {
      return this.#later(under, under.intervalMs) // the network: RFC 8628 section 3.5 says to go on
    }
    if (response.ok) {
      await this.#take(under, said)
      return true
    }
    switch (oauthError(said)) {
      case 'authorization_pending':
        return this.#later(under, under.intervalMs)
      case 'slow_down':
        return this.#later({ ...under, intervalMs: under.intervalMs + 5_000 }, under.intervalMs + 5_000)
      case 'access_denied':
        await this.#end(under, 'denied', 'It was refused on the laptop.')
        return true
      case 'expired_token':
        await this.#end(under, 'expired', 'Nobody approved the code before it expired.')
        return true
    }
    if (response.status === 429 || response.status >= 500) {
      const asked = retryAfterMs(response.headers.get('Retry-After'))
      return this.#later(under, Math.max(asked, under.intervalMs))
    }
    await this.#end(under, 'failed', refused(under.relay, response, said).message)
    return true
  }

  async #later(under: PairingUnderWay, ms: number): Promise<false> {
    const now = await read('pairing')
    // Meanwhile the person may have cancelled it, or begun another one.
    if (now?.code.device_code === under.code.device_code) {
      await write('pairing', { ...now, intervalMs: under.intervalMs, pollAt: Date.now() + ms })
    }
    return false
  }

  async #take(under: PairingUnderWay, said: unknown): Promise<void> {
    const now = await read('pairing')
    if (now?.code.device_code !== under.code.device_code || !now.confirmed) return
    try {
      const tokens = deviceTokens(said, 'the tokens')
      if (tokens.device_id === null) throw new Misfit('device_id is missing')
      await this.facts.begin(
        {
          relay: under.relay,
          deviceId: tokens.device_id,
          deviceName: under.deviceName,
          accountId: tokens.account_id,
          declared: declared(false),
          daemon: false,
        },
        storedTokens(tokens),
      )
    } catch (error) {
      if (!(error instanceof Misfit)) throw error
      await this.#end(under, 'failed', `The relay gave no usable tokens: ${error.message}.`)
      return
    }
    await forget('pairing')
    await this.paired()
    this.changed()
  }
}

function refused(relay: string, response: Response, said: unknown): Problem {
  const { detail, error_description } = (said ?? {}) as Record<string, unknown>
  const reason = [detail, error_description].find((each) => typeof each === 'string') as string | undefined
  const code = response.status === 429 ? 'rate_limited' : 'relay_unreachable'
  return new Problem(code, (reason ?? `${relay} answered ${response.status}: is it a Deskbell relay?`).slice(0, 2_000))
}
