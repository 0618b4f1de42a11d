// The stream that comes back, and the worker that is killed at any instant: nothing is lost, nothing is done twice.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fakeBrowser } from 'wxt/testing/fake-browser'
import { Ledger } from '../../src/store/ledger.ts'
import { DAEMON, DEVICE, instant, json, StandIn, until } from './relay.ts'
import { World } from './world.ts'

let relay: StandIn
let world: World

beforeEach(async () => {
  vi.spyOn(Math, 'random').mockReturnValue(0.01) // pauses of milliseconds: full jitter is never longer than its draw
  relay = await new StandIn().open()
  world = new World()
  vi.spyOn(Math, 'random').mockReturnValue(0.01)
})

afterEach(async () => {
  await world.end()
  await relay.close()
})

describe('the stream', () => {
  it('comes back with its cursor after a cut, and gets what it missed, in order', async () => {
    await world.paired(relay)
    await relay.report(relay.command('tab.list', { query: '0' }))
    relay.cut()
    const ids = ['1', '2', '3'].map((query) => relay.command('tab.list', { query }))
    await until(() => relay.results.length === 4, 'the reports')
    expect(world.done.slice(1).map((each) => each.id)).toEqual(ids)
    expect(relay.asked('GET', '/v1/stream').at(-1)?.cursor).toBe('e1-1')
  })

  it('comes back after the relay was away, and posts what could not be posted', async () => {
    let go: () => void = () => undefined
    world.performers['tab.list'] = (args) =>
      new Promise((resolve) => {
        go = () => resolve(args)
      })
    await world.paired(relay)
    const id = relay.command('tab.list')
    await until(() => world.done.length === 1, 'its begin')
    await relay.close()
    go()
    await until(async () => (await world.bell.ledger.entry(id))?.state === 'finished', 'its end')
    await relay.open()
    expect((await relay.report(id)).status).toBe('done')
  })

  it('has its cursor past an event only when that is in the ledger', async () => {
    await world.paired(relay)
    const admit = vi.spyOn(Ledger.prototype, 'admit').mockRejectedValueOnce(new Error('the disk is full'))
    const id = relay.command('tab.list')
    await relay.report(id)
    expect(admit).toHaveBeenCalledTimes(2)
    expect(relay.asked('GET', '/v1/stream').at(-1)?.cursor).toBeUndefined()
    await until(async () => (await world.bell.facts.get('cursor')) === 'e1-1', 'the cursor')
  })

  it('says so when the relay no longer keeps what was missed', async () => {
    const said = vi.spyOn(fakeBrowser.notifications, 'create')
    await world.paired(relay)
    relay.say('gap', { missed_from: 1, missed_to: 9 })
    const done = relay.command('tab.list')
    await relay.report(done)
    expect(said.mock.calls.map(([, options]) => (options as unknown as { message: string }).message)).toEqual([
      expect.stringContaining('None of that was done'),
    ])
  })

  it('moves its cursor with events that are not for it, too', async () => {
    await world.paired(relay)
    relay.append('run', { id: 'run_01932c07-5a00-7000-8000-000000000001', provider: 'x', model: 'y', status: 'done' })
    relay.append('something.new', { of: 'a newer relay' })
    await until(async () => (await world.bell.facts.get('cursor')) === 'e1-2', 'the cursor')
  })

  it('begins anew when the relay does not know its cursor; what it has seen is not done again', async () => {
    await world.paired(relay)
    await relay.report(relay.command('tab.list'))
    let refusals = 0
    relay.doors['GET /v1/stream'] = (seen, response) => {
      if (seen.cursor === undefined) {
        delete relay.doors['GET /v1/stream']
        relay.cut()
        response.destroy()
        return
      }
      refusals++
      json(response, 400, { code: 'invalid_cursor', detail: 'It is not one of ours.' })
    }
    relay.cut()
    await until(() => relay.doors['GET /v1/stream'] === undefined, 'a try without a cursor')
    await relay.report(relay.command('tab.list'))
    expect(refusals).toBe(1)
    expect(world.done).toHaveLength(2)
  })

  it('waits as long as the relay asks, and no worker that wakes meanwhile shortens that', async () => {
    await world.paired(relay)
    relay.doors['GET /v1/stream'] = (_, response) =>
      json(response, 429, { code: 'too_many_streams', detail: 'Too many.' }, { 'Retry-After': '120' })
    relay.cut()
    await until(async () => (await world.bell.facts.get('tryAfter')) !== undefined, 'the pause')
    const tries = relay.asked('GET', '/v1/stream').length
    await world.restart()
    await world.bell.wake()
    expect(relay.asked('GET', '/v1/stream')).toHaveLength(tries)
    expect(await world.bell.overview()).toMatchObject({ connection: 'offline' })
    delete relay.doors['GET /v1/stream']
    const real = Date.now
    vi.spyOn(Date, 'now').mockImplementation(() => real() + 121_000)
    await world.restart()
    await until(() => relay.streams === 1, 'the stream')
  })

  it('says goodbye when the relay drains, and comes back', async () => {
    await world.paired(relay)
    relay.say('bye', { reason: 'draining', reconnect_within_s: 1 })
    await until(() => relay.asked('GET', '/v1/stream').length === 2, 'the second stream')
  })

  it('is not taken for one by a log-in page', async () => {
    relay.doors['GET /v1/stream'] = (_, response) => response.writeHead(200, { 'Content-Type': 'text/html' }).end('<p>')
    const bell = await world.stored(relay)
    const problem = await until(async () => (await bell.overview()).problem, 'the problem')
    expect(problem.next_step).toContain('log-in page')
  })

  it('of another device is not listened to', async () => {
    relay.hello = () => ({ ...StandIn.prototype.hello.call(relay), device_id: DAEMON })
    const bell = await world.stored(relay)
    await until(() => relay.asked('GET', '/v1/stream').length > 1, 'the second try')
    expect((await bell.overview()).connection).not.toBe('connected')
    expect((await bell.overview()).problem?.message).toContain(DAEMON)
  })

  it('is connected for 40 s after the relay was last heard, and not a moment longer', async () => {
    const bell = await world.paired(relay)
    const heard = Date.parse(`${(await bell.overview()).lastPingAt?.slice(0, 23)}Z`)
    const now = vi.spyOn(Date, 'now').mockReturnValue(heard + 39_900)
    expect((await bell.overview()).connection).toBe('connected')
    now.mockReturnValue(heard + 40_000)
    expect((await bell.overview()).connection).not.toBe('connected')
    now.mockReturnValue(heard - 1) // a clock that was set back knows nothing
    expect((await bell.overview()).connection).not.toBe('connected')
  })

  it('that is cut is not called connected', async () => {
    const bell = await world.paired(relay)
    relay.doors['GET /v1/stream'] = (_, response) => json(response, 503, { code: 'draining', detail: 'It restarts.' })
    relay.cut()
    await until(async () => (await bell.overview()).problem !== undefined, 'the problem')
    expect((await bell.overview()).connection).not.toBe('connected')
  })
})

describe('a killed worker', () => {
  it('did not begin it: the next one does', async () => {
    await world.paired(relay)
    const start = vi.spyOn(Ledger.prototype, 'start').mockImplementationOnce(() => new Promise(() => undefined))
    const id = relay.command('tab.list')
    await until(() => start.mock.calls.length === 1, 'the last moment before its begin')
    expect((await world.bell.ledger.entry(id))?.state).toBe('ready')
    await world.restart()
    expect((await relay.report(id)).status).toBe('done')
    expect(world.done).toHaveLength(1)
  })

  it('was in the middle of an act: it is not done again, and the assistant hears that it may have happened', async () => {
    world.performers['tab.open'] = () => new Promise(() => undefined)
    await world.paired(relay)
    await world.bell.policy.set('tab.open', 'run')
    const id = relay.command('tab.open')
    await until(() => world.done.length === 1, 'its begin')
    await world.restart()
    expect(await relay.report(id)).toMatchObject({ status: 'interrupted', error: { code: 'interrupted' } })
    expect(world.done).toHaveLength(1)
  })

  it('was in the middle of what may be repeated: it is done again, under the same id', async () => {
    world.performers['note.create'] = () => new Promise(() => undefined)
    await world.paired(relay)
    const id = relay.command('note.create', { title: 'Boat' })
    await until(() => world.done.length === 1, 'its begin')
    world.performers['note.create'] = async (args) => args
    await world.restart()
    expect((await relay.report(id)).status).toBe('done')
    expect(world.done.map((each) => each.id)).toEqual([id, id])
  })

  it('had done it and not reported: the next one reports, and does nothing', async () => {
    await world.paired(relay)
    const id = 'cmd_01932c07-5a00-7000-8000-000000000001'
    relay.doors[`POST /v1/commands/${id}/result`] = (_, response) => json(response, 503, {})
    relay.command('tab.list')
    await until(() => relay.asked('POST', `/v1/commands/${id}/result`).length > 0, 'a try')
    await world.kill()
    delete relay.doors[`POST /v1/commands/${id}/result`]
    await world.start()
    expect((await relay.report(id)).status).toBe('done')
    expect(world.done).toHaveLength(1)
  })

  it('at every step of twenty commands: each is done once, in order', async () => {
    await world.paired(relay)
    const ids: string[] = []
    for (let nth = 0; nth < 20; nth++) {
      ids.push(relay.command('note.create', { title: String(nth) }))
      await new Promise((resolve) => setTimeout(resolve, nth % 5)) // anywhere in the path of the one before
      await world.restart()
    }
    await until(() => ids.every((id) => relay.results.some((each) => each.id === id)), 'all reports', 10_000)
    // A note's command id makes a second try of it the same note: what counts is what was begun first.
    expect([...new Set(world.done.map((each) => each.id))]).toEqual(ids)
    expect(relay.results.every((each) => each.report.status === 'done')).toBe(true)
  }, 20_000)
})

describe('tokens', () => {
  it('are asked for once, however many need one', async () => {
    await world.paired(relay)
    expect(relay.asked('POST', '/oauth/token')).toHaveLength(1)
    relay.good.clear()
    await Promise.all([1, 2, 3, 4].map(() => world.bell.line.relay.ask('GET', '/v1/devices')))
    expect(relay.asked('POST', '/oauth/token')).toHaveLength(2)
  })

  it('outlive the worker: the next one does not ask for new ones', async () => {
    await world.paired(relay)
    await world.restart()
    await until(() => relay.asked('GET', '/v1/stream').length === 2, 'the stream')
    expect(relay.asked('POST', '/oauth/token')).toHaveLength(1)
  })

  it('survive a kill between the relay’s answer and the storage', async () => {
    await world.paired(relay)
    relay.good.clear()
    const set = vi.spyOn(world.bell.facts, 'set').mockImplementation(() => new Promise(() => undefined))
    void world.bell.line.relay.ask('GET', '/v1/devices').catch(() => undefined)
    await until(() => set.mock.calls.some(([name]) => name === 'tokens'), 'the rotation')
    const lost = relay.refresh
    await world.restart()
    await until(async () => (await world.bell.facts.get('tokens'))?.refresh === lost, 'the successor')
    await until(() => relay.streams === 1, 'the stream')
  })

  it('survive an answer that was lost on its way', async () => {
    await world.paired(relay)
    relay.good.clear()
    relay.doors['POST /oauth/token'] = (_, response) => {
      delete relay.doors['POST /oauth/token']
      response.destroy()
    }
    expect((await world.bell.line.relay.ask('GET', '/v1/devices')).status).toBe(200)
  })

  it('that are revoked end it: nobody is asked again, and the person is told', async () => {
    const bell = await world.paired(relay)
    relay.good.clear()
    relay.doors['POST /oauth/token'] = (_, response) => json(response, 400, { error: 'invalid_grant' })
    relay.cut()
    await until(async () => (await bell.overview()).connection === 'needs_pairing', 'the end')
    expect((await bell.overview()).problem?.code).toBe('revoked_token')
    const asked = relay.seen.length
    await world.restart()
    await world.bell.wake()
    expect(relay.seen).toHaveLength(asked)
    expect((await world.bell.overview()).connection).toBe('needs_pairing')
  })

  it('that a fresh one is refused, too: it was revoked', async () => {
    const bell = await world.paired(relay)
    relay.doors['GET /v1/stream'] = (_, response) => json(response, 401, { code: 'revoked_token', detail: 'Revoked.' })
    relay.cut()
    await until(async () => (await bell.overview()).connection === 'needs_pairing', 'the end')
  })

  it('are in no other place than the extension’s own database', async () => {
    await world.paired(relay)
    const { browser } = await import('wxt/browser')
    const kept = JSON.stringify([await browser.storage.local.get(), await browser.storage.session.get()])
    expect(kept).not.toContain('access-')
    expect(kept).not.toContain('refresh-')
    for (const area of [browser.storage.local, browser.storage.session]) {
      expect(area.setAccessLevel).toHaveBeenCalledWith({ accessLevel: 'TRUSTED_CONTEXTS' })
    }
  })

  it('are renewed right after a wake, once half of their time is over', async () => {
    await world.paired(relay)
    const real = Date.now
    vi.spyOn(Date, 'now').mockImplementation(() => real() + 400_000)
    await world.bell.wake()
    expect(relay.asked('POST', '/oauth/token')).toHaveLength(1)
    vi.spyOn(Date, 'now').mockImplementation(() => real() + 700_000)
    await world.bell.wake()
    await until(() => relay.asked('POST', '/oauth/token').length === 2, 'the renewal')
  })
})

describe('what this device declares', () => {
  it('has the notes while no daemon keeps them', async () => {
    await world.paired(relay)
    await until(() => relay.devices[0]?.actions.includes('note.create'), 'the declaration')
    expect(relay.devices[0]?.actions).toContain('tab.open')
    expect((await world.bell.overview()).daemon).toBe(false)
  })

  it('gives the notes up when a daemon is paired, and takes them back when it is gone', async () => {
    await world.paired(relay)
    await until(() => relay.devices[0]?.actions.includes('note.create'), 'the declaration')
    relay.devices.push({ id: DAEMON, kind: 'daemon', actions: ['note.create', 'note.read'] })
    relay.append('approval', {
      id: 'req_01932c07-5a00-7000-8000-000000000001',
      kind: 'device',
      name: 'laptop',
      host: '203.0.113.9',
      scopes: [],
      status: 'approved',
      created_at: instant(0),
      expires_at: instant(0),
    })
    await until(() => !relay.devices[0]?.actions.includes('note.create'), 'the second declaration')
    await until(async () => (await world.bell.overview()).daemon, 'the daemon')
    relay.devices.pop()
    relay.cut()
    await until(() => relay.devices[0]?.actions.includes('note.create'), 'the third declaration')
  })
})

it('unpair forgets all of the account, here and at the relay, and keeps the person’s rules', async () => {
  const bell = await world.paired(relay)
  await relay.report(relay.command('tab.list'))
  await bell.policy.set('tab.list', 'ask')
  const { refresh } = relay
  await bell.unpair()
  expect(relay.asked('DELETE', `/v1/devices/${DEVICE}`)).toHaveLength(1)
  expect(relay.asked('POST', '/oauth/revoke')[0]?.body).toContain(refresh)
  await until(() => relay.streams === 0, 'the end of the stream')
  expect(await bell.overview()).toMatchObject({ connection: 'needs_pairing', recent: [], waiting: [] })
  expect(await bell.facts.get('tokens')).toBeUndefined()
  expect(await bell.facts.get('cursor')).toBeUndefined()
  expect((await bell.policy.rules()).rules.find((rule) => rule.subject === 'tab.list')?.rule).toBe('ask')
})

it('the ledger forgets the oldest that are reported, and nothing else', async () => {
  const bell = await world.paired(relay)
  const waiting = relay.command('tab.open')
  const ids = [1, 2, 3, 4, 5].map(() => relay.command('tab.list'))
  await until(async () => relay.results.length === 5 && (await bell.ledger.unreported()).length === 0, 'the reports')
  expect(await bell.ledger.prune(3)).toBe(2)
  const left = (await bell.ledger.recent(10)).map((entry) => entry.id)
  expect(left).toEqual([...ids.slice(2).reverse(), waiting])
})
