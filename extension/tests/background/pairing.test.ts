// How a browser comes to an account: a code, or the daemon of the same machine with the same six digits on both sides.

import { createHash, randomBytes } from 'node:crypto'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { checkRelay } from '../../src/link/address.ts'
import { digits } from '../../src/link/laptop.ts'
import { read } from '../../src/store/session.ts'
import { DEVICE, instant, json, StandIn, until } from './relay.ts'
import { World } from './world.ts'

/** The relay's two requests of RFC 8628; `answer` is what a poll gets. */
class Grant {
  answer: 'pending' | 'slow' | 'denied' | 'expired' | 'approved' = 'pending'
  polls = 0
  asked: URLSearchParams | null = null

  constructor(relay: StandIn, interval = 1) {
    relay.doors['POST /oauth/device_authorization'] = (seen, response) => {
      this.asked = new URLSearchParams(seen.body)
      json(response, 200, {
        device_code: 'device-secret',
        user_code: 'WDJB-MJHT',
        verification_uri: `${relay.url}/pair`,
        expires_in: 600,
        interval,
      })
    }
    const rotate = relay.doors
    relay.doors['POST /oauth/token'] = (seen, response) => {
      const form = new URLSearchParams(seen.body)
      if (form.get('grant_type') === 'refresh_token') return json(response, 400, { error: 'invalid_grant' })
      this.polls++
      if (form.get('device_code') !== 'device-secret') return json(response, 400, { error: 'invalid_grant' })
      if (this.answer !== 'approved') {
        const errors = {
          pending: 'authorization_pending',
          slow: 'slow_down',
          denied: 'access_denied',
          expired: 'expired_token',
        }
        return json(response, 400, { error: errors[this.answer] })
      }
      delete rotate['POST /oauth/token']
      relay.good.add('access-first')
      if (relay.devices[0]) relay.devices[0].name = this.asked?.get('device_name') ?? ''
      return json(response, 200, {
        token_type: 'Bearer',
        access_token: 'access-first',
        refresh_token: relay.refresh,
        expires_in: 900,
        account_id: 'acc_1',
        device_id: DEVICE,
      })
    }
  }
}

/** A daemon's second door, as deskbell_wire.number_match has it; or what pretends to be one. */
class Door {
  nonce = randomBytes(32).toString('base64url')
  state = 'waiting'
  paired = true
  /** What it says in place of the right thing. */
  lie: 'nonce' | 'digits' | 'product' | null = null
  seen: { user_code: string; nonce: string; commitment: string } | null = null
  readonly #server: Server

  constructor(readonly relay: string) {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = []
      for await (const chunk of request) chunks.push(chunk as Buffer)
      this.#answer(request.url ?? '', Buffer.concat(chunks).toString(), response)
    })
  }

  async open(): Promise<number> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return (this.#server.address() as AddressInfo).port
  }

  close(): void {
    this.#server.closeAllConnections()
    this.#server.close()
  }

  #answer(path: string, body: string, response: ServerResponse): void {
    if (path === '/extension/daemon') {
      json(response, 200, {
        product: this.lie === 'product' ? 'doorbell' : 'deskbell',
        host_name: 'laptop',
        paired: this.paired,
        relay: this.paired ? this.relay : null,
        commitment: this.paired ? createHash('sha256').update(this.nonce).digest('hex') : null,
      })
    } else if (path === '/extension/pair') {
      const asked = JSON.parse(body) as { user_code: string; nonce: string; commitment: string }
      this.seen = asked
      const nonce = this.lie === 'nonce' ? randomBytes(32).toString('base64url') : this.nonce
      void digits(asked.user_code, asked.nonce, nonce, this.relay).then((number) => {
        const shown = this.lie === 'digits' ? '000000' : number
        json(response, 200, { nonce, digits: shown, expires_at: instant(Date.now() + 600_000) })
      })
    } else json(response, 200, { state: this.state })
  }
}

let relay: StandIn
let world: World
let door: Door | null = null

beforeEach(async () => {
  relay = await new StandIn().open()
  world = new World()
})

afterEach(async () => {
  await world.end()
  await relay.close()
  door?.close()
  door = null
})

async function isPaired(): Promise<void> {
  await until(async () => (await world.bell.overview()).connection === 'connected', 'the connection')
}

describe('with the relay', () => {
  it('shows the code, and is connected once it is approved', async () => {
    const grant = new Grant(relay)
    const bell = await world.start()
    expect((await bell.overview()).connection).toBe('needs_pairing')
    await bell.pairing.withRelay(`${relay.url}/`, 'Chrome on Linux')
    expect((await bell.overview()).pairing).toMatchObject({
      way: 'relay',
      userCode: 'WDJB-MJHT',
      relayHost: new URL(relay.url).host,
      state: 'waiting',
    })
    expect(grant.asked?.get('client_id')).toBe('deskbell-extension')
    expect(grant.asked?.get('device_name')).toBe('Chrome on Linux')
    expect(grant.asked?.get('device_actions')).toContain('page.capture')
    grant.answer = 'approved'
    await isPaired()
    const overview = await bell.overview()
    expect(overview).toMatchObject({ deviceName: 'Chrome on Linux', deviceId: DEVICE, relay: relay.url })
    expect(overview.pairing).toBeUndefined()
    await expect(bell.pairing.withRelay(relay.url, 'again')).rejects.toMatchObject({ code: 'already_paired' })
  })

  it('goes on in the next worker', async () => {
    const grant = new Grant(relay)
    const bell = await world.start()
    await bell.pairing.withRelay(relay.url, 'x')
    grant.answer = 'approved'
    await world.restart()
    await isPaired()
  })

  it.each(['denied', 'expired'] as const)('is %s: the person reads it, and nothing is kept', async (answer) => {
    const grant = new Grant(relay)
    const bell = await world.start()
    await bell.pairing.withRelay(relay.url, 'x')
    grant.answer = answer
    const view = await until(async () => {
      const now = (await bell.overview()).pairing
      return now?.state === answer ? now : null
    }, 'the end')
    expect(view).not.toHaveProperty('userCode')
    expect(JSON.stringify(await read('pairing'))).not.toContain('device-secret')
    expect((await bell.overview()).connection).toBe('needs_pairing')
    await bell.pairing.cancel()
    expect((await bell.overview()).pairing).toBeUndefined()
  })

  it('asks less often when it is told to', async () => {
    const grant = new Grant(relay)
    grant.answer = 'slow'
    const bell = await world.start()
    await bell.pairing.withRelay(relay.url, 'x')
    await until(() => grant.polls === 1, 'the first poll')
    await until(async () => (await read('pairing'))?.intervalMs === 6_000, 'the longer interval')
  })

  it('goes on through a network that is away', async () => {
    const grant = new Grant(relay)
    const bell = await world.start()
    await bell.pairing.withRelay(relay.url, 'x')
    const poll = relay.doors['POST /oauth/token']
    let lost = 0
    relay.doors['POST /oauth/token'] = (_, response) => {
      lost++
      response.destroy()
    }
    await until(() => lost > 0, 'a lost poll')
    if (poll !== undefined) relay.doors['POST /oauth/token'] = poll
    grant.answer = 'approved'
    await isPaired()
  })

  it('that was cancelled keeps nothing of an approval that comes after', async () => {
    const grant = new Grant(relay)
    const bell = await world.start()
    await bell.pairing.withRelay(relay.url, 'x')
    const under = await read('pairing')
    await bell.pairing.cancel()
    grant.answer = 'approved'
    await bell.pairing.resume()
    expect(grant.polls).toBe(0)
    expect(under?.code.device_code).toBe('device-secret')
    expect(await bell.facts.get('tokens')).toBeUndefined()
  })

  it.each([
    'http://relay.example',
    'ftp://relay.example',
    'https://a:b@relay.example',
    'https://r.example/?x=1',
    'nonsense',
  ])('is not begun at %s', async (address) => {
    const bell = await world.start()
    await expect(bell.pairing.withRelay(address, 'x')).rejects.toMatchObject({ code: 'insecure_relay' })
  })

  it('is not begun under a name that cannot be seen', async () => {
    const bell = await world.start()
    await expect(bell.pairing.withRelay(relay.url, 'a\nb')).rejects.toMatchObject({ code: 'invalid_arguments' })
  })

  it('after a revocation pairs anew', async () => {
    const bell = await world.stored(relay)
    relay.command('tab.open')
    await until(async () => (await bell.overview()).waiting.length === 1, 'a request of the old account')
    relay.log.length = 0 // another account has another channel
    await bell.facts.set('revoked', true)
    const grant = new Grant(relay)
    grant.answer = 'approved'
    await bell.pairing.withRelay(relay.url, 'again')
    await until(async () => (await bell.facts.get('revoked')) === undefined, 'the new pairing')
    await isPaired()
    expect((await bell.overview()).waiting).toEqual([])
  })
})

describe('with the laptop', () => {
  async function begun(): Promise<Grant> {
    const grant = new Grant(relay)
    door ??= new Door(relay.url)
    world.ports = [1, await door.open()]
    await world.start()
    return grant
  }

  it('shows the digits that the laptop shows, and pairs after two yeses', async () => {
    const grant = await begun()
    await world.bell.pairing.withLaptop('Chrome')
    const view = (await world.bell.overview()).pairing
    expect(view).toMatchObject({ way: 'laptop', state: 'confirm_digits' })
    expect(view).not.toHaveProperty('userCode')
    const { user_code: code = '', nonce = '' } = door?.seen ?? {}
    expect(view?.digits).toBe(await digits(code, nonce, door?.nonce ?? '', relay.url))
    grant.answer = 'approved'
    if (door) door.state = 'approved'
    await new Promise((resolve) => setTimeout(resolve, 1_300)) // it would have polled by now
    expect(grant.polls).toBe(0)
    await world.bell.pairing.confirm(true)
    await isPaired()
  })

  it('ends with a no, and no token is ever asked for', async () => {
    const grant = await begun()
    await world.bell.pairing.withLaptop('Chrome')
    await world.bell.pairing.confirm(false)
    expect((await world.bell.overview()).pairing).toMatchObject({ state: 'failed' })
    await expect(world.bell.pairing.confirm(true)).rejects.toMatchObject({ code: 'code_not_valid' })
    expect(grant.polls).toBe(0)
  })

  it('ends when the laptop refuses', async () => {
    await begun()
    await world.bell.pairing.withLaptop('Chrome')
    if (door) door.state = 'denied'
    await until(async () => (await world.bell.overview()).pairing?.state === 'denied', 'the refusal')
  })

  it.each(['nonce', 'digits'] as const)('is not with somebody who changes the %s', async (lie) => {
    door = new Door(relay.url)
    door.lie = lie
    await begun()
    await expect(world.bell.pairing.withLaptop('Chrome')).rejects.toMatchObject({ code: 'daemon_not_genuine' })
    expect((await world.bell.overview()).pairing).toBeUndefined()
  })

  it('is not with another program on that port', async () => {
    door = new Door(relay.url)
    door.lie = 'product'
    await begun()
    await expect(world.bell.pairing.withLaptop('Chrome')).rejects.toMatchObject({ code: 'daemon_not_running' })
  })

  it('is not with a laptop that has no relay', async () => {
    door = new Door(relay.url)
    door.paired = false
    await begun()
    await expect(world.bell.pairing.withLaptop('Chrome')).rejects.toMatchObject({ code: 'not_paired' })
  })

  it('is not with a relay whose address is not safe, whatever the daemon says', async () => {
    door = new Door('http://relay.example')
    await begun()
    await expect(world.bell.pairing.withLaptop('Chrome')).rejects.toMatchObject({ code: 'insecure_relay' })
  })
})

it('computes the digits that Python computes', async () => {
  // wire/examples/loopback_pair_*.json
  const number = await digits(
    'wdjb mjht',
    'i1zE337sfTKngU7KSvBHrjOy1SNCZncVaC4ZwlsLn6o',
    'i1NjnxUsj8bvMIAv3kYroL6c8IX3WA3Gnv1y4AKruzU',
    'https://bell.example/',
  )
  expect(number).toBe('528283')
})

it('takes a relay at https, or on this machine', () => {
  expect(checkRelay(' https://bell.example/ ')).toBe('https://bell.example')
  expect(checkRelay('https://bell.example/deskbell/')).toBe('https://bell.example/deskbell')
  expect(checkRelay('http://127.0.0.1:8080')).toBe('http://127.0.0.1:8080')
})

it('forgets a pairing under way when another is begun', async () => {
  new Grant(relay)
  const bell = await world.start()
  await bell.pairing.withRelay(relay.url, 'first')
  await bell.pairing.withRelay(relay.url, 'second')
  expect((await read('pairing'))?.deviceName).toBe('second')
})
