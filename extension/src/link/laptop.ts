// Finding the daemon of this machine on loopback, and the six digits that both show (deskbell_wire.number_match).

import { instant, Misfit, oneOf, orNull, type Read, record, text, yesNo } from '../shape.ts'
import { Problem } from '../wire.ts'

export const PORTS: readonly number[] = [41_627, 41_628, 41_629, 41_630, 41_631]

const NONCE = /^[A-Za-z0-9_-]{43}$/
/** Whoever is looked for at several ports answers soon, or is not there; who was found may take its time. */
const LOOK_MS = 3_000
const ANSWER_MS = 10_000

export const daemonHere = record({
  product: oneOf('deskbell'),
  host_name: text({ most: 64 }),
  paired: yesNo,
  relay: orNull(text({ most: 2_000 })),
  commitment: orNull(text({ like: /^[0-9a-f]{64}$/ })),
})
export type DaemonHere = Read<typeof daemonHere>

export const pairRequest = record({
  user_code: text({ least: 8, most: 20, like: /^[A-Za-z -]+$/ }),
  device_name: text({ least: 1, most: 64, like: /^[^\p{Cc}]+$/u }),
  nonce: text({ like: NONCE }),
  commitment: text({ like: /^[0-9a-f]{64}$/ }),
})

export const pairAnswer = record({
  nonce: text({ like: NONCE }),
  digits: text({ like: /^[0-9]{6}$/ }),
  expires_at: instant,
})

export const pairState = record({ state: oneOf('waiting', 'approved', 'denied', 'expired') })

/** A daemon that answers, and where. Nobody has proved yet that it is the person's own. */
export interface FoundDaemon extends DaemonHere {
  port: number
}

/** The daemon of this machine: a paired one if there is one. Throws Problem daemon_not_running, not_paired. */
export async function findDaemon(ports: readonly number[] = PORTS): Promise<FoundDaemon> {
  const answers = await Promise.allSettled(
    ports.map(async (port) => ({ ...(await ask(port, '/extension/daemon', daemonHere)), port })),
  )
  const found = answers.flatMap((answer) => (answer.status === 'fulfilled' ? [answer.value] : []))
  const paired = found.find((daemon) => daemon.paired && daemon.relay !== null && daemon.commitment !== null)
  if (paired !== undefined) return paired
  if (found[0] !== undefined) {
    throw new Problem(
      'not_paired',
      `Deskbell on ${found[0].host_name} is not paired with a relay itself, or pairs with another browser just now.`,
      'Pair the laptop first, with `deskbell pair`.',
    )
  }
  throw new Problem(
    'daemon_not_running',
    'No Deskbell daemon answers on this machine.',
    'Start it with `deskbell daemon`, or pair with the relay by a code.',
  )
}

/**
 * Tell the daemon our user code; gives the digits that we show, made here. The daemon has said before what its nonce
 * would be: an answer with another one is somebody in between. Throws Problem daemon_not_genuine.
 */
export async function meet(daemon: FoundDaemon, userCode: string, deviceName: string, relay: string): Promise<string> {
  const nonce = newNonce()
  const answer = await ask(daemon.port, '/extension/pair', pairAnswer, {
    user_code: userCode,
    device_name: deviceName,
    nonce,
    commitment: daemon.commitment,
  })
  const ours = await digits(userCode, nonce, answer.nonce, relay)
  if ((await sha256(answer.nonce)).hex !== daemon.commitment || ours !== answer.digits) {
    throw new Problem('daemon_not_genuine', 'What answers on this machine does not keep to what it said.')
  }
  return ours
}

/** How the person at the laptop has answered so far. */
export async function stateOf(port: number, userCode: string): Promise<Read<typeof pairState>['state']> {
  return (await ask(port, `/extension/pair/${encodeURIComponent(userCode)}`, pairState)).state
}

/** The first 48 bits of SHA-256 over five lines, modulo one million. */
export async function digits(userCode: string, ours: string, daemons: string, relay: string): Promise<string> {
  const code = userCode.replace(/[\s-]/g, '').toUpperCase()
  const { bytes } = await sha256(['deskbell pairing', code, ours, daemons, relay.replace(/\/+$/, '')].join('\n'))
  const number = bytes.slice(0, 6).reduce((sum, byte) => sum * 256 + byte, 0)
  return String(number % 1_000_000).padStart(6, '0')
}

/** 32 random bytes in base64url without padding. */
function newNonce(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32))
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replace(/=+$/, '')
}

async function sha256(line: string): Promise<{ bytes: number[]; hex: string }> {
  const bytes = [...new Uint8Array(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(line)))]
  return { bytes, hex: bytes.map((byte) => byte.toString(16).padStart(2, '0')).join('') }
}

async function ask<T>(port: number, path: string, read: (value: unknown, at: string) => T, body?: unknown): Promise<T> {
  let response: Response
  try {
    response = await fetch(`http://127.0.0.1:${port}${path}`, {
      ...(body === undefined
        ? {}
        : { method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' } }),
      cache: 'no-store',
      credentials: 'omit',
      redirect: 'error',
      signal: AbortSignal.timeout(body === undefined ? LOOK_MS : ANSWER_MS),
    })
  } catch (error) {
    throw new Problem('daemon_not_running', `Nothing answers at 127.0.0.1:${port} (${(error as Error).name}).`)
  }
  const said: unknown = await response.json().catch(() => null) // what is no JSON is no daemon: the reader says so
  if (!response.ok) {
    const { code, detail, next_step } = (said ?? {}) as Record<string, unknown>
    throw new Problem(
      typeof code === 'string' ? code.slice(0, 64) : 'daemon_not_genuine',
      typeof detail === 'string' ? detail.slice(0, 2_000) : `127.0.0.1:${port} answered ${response.status}.`,
      typeof next_step === 'string' ? next_step.slice(0, 1_000) : undefined,
    )
  }
  try {
    return read(said, 'it')
  } catch (error) {
    if (!(error instanceof Misfit)) throw error
    throw new Problem('daemon_not_genuine', `Another program answers at 127.0.0.1:${port}: ${error.message}.`)
  }
}
