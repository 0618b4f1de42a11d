// From an event on the stream to the report at the relay: once in effect, in order, by the person's rules.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fakeBrowser } from 'wxt/testing/fake-browser'
import { Problem } from '../../src/wire.ts'
import { instant, json, StandIn, until } from './relay.ts'
import { World } from './world.ts'

let relay: StandIn
let world: World

beforeEach(async () => {
  relay = await new StandIn().open()
  world = new World()
})

afterEach(async () => {
  await world.end()
  await relay.close()
})

describe('what comes', () => {
  it('reads at once, and reports with the instant of the effect', async () => {
    await world.paired(relay)
    const id = relay.command('tab.list', { query: 'boat' })
    const report = await relay.report(id)
    expect(report).toMatchObject({ status: 'done', output: { query: 'boat' } })
    expect(report.acted_at).toMatch(/^20.*\.\d{6}Z$/)
  })

  it('is performed in the order of the channel, one after the other', async () => {
    let running = 0
    world.performers['tab.list'] = async (args) => {
      expect(++running).toBe(1)
      await new Promise((resolve) => setTimeout(resolve, 2))
      running--
      return args
    }
    await world.paired(relay)
    const ids = Array.from({ length: 12 }, () => relay.command('tab.list'))
    await until(() => relay.results.length === 12, 'twelve reports')
    expect(world.done.map((each) => each.id)).toEqual(ids)
  })

  it('is done once when it comes twice, and its result is sent again', async () => {
    await world.paired(relay)
    const id = relay.command('tab.list')
    await relay.report(id)
    relay.append('command', JSON.parse(relay.log[0]?.data ?? ''))
    await until(() => relay.results.length === 2, 'the second report')
    expect(relay.results[1]).toEqual(relay.results[0])
    expect(world.done).toHaveLength(1)
  })

  it('is not done again for an id that now means something else', async () => {
    await world.paired(relay)
    const id = relay.command('tab.list')
    await relay.report(id)
    const first = JSON.parse(relay.log[0]?.data ?? '')
    relay.append('command', { ...first, action: 'note.create', arguments: { title: 'x' } })
    await until(() => relay.results.length === 2, 'the second report')
    expect(world.done.map((each) => each.action)).toEqual(['tab.list'])
  })

  it('is of another device: passed over', async () => {
    await world.paired(relay)
    relay.command('tab.list', {}, { device_id: 'dev_01932c07-5a00-7000-8000-00000000000f' })
    const id = relay.command('tab.list')
    await relay.report(id)
    expect(world.done).toHaveLength(1)
  })

  it('is an action of nobody: the assistant hears so', async () => {
    await world.paired(relay)
    expect(await relay.report(relay.command('local.run', { name: 'backup' }))).toMatchObject({
      status: 'failed',
      error: { code: 'unknown_action' },
    })
  })

  it('is no command: the assistant hears so where its id can be read, and the stream goes on', async () => {
    await world.paired(relay)
    const id = 'cmd_01932c07-5a00-7000-8000-00000000aaaa'
    relay.append('command', { id, action: 7 })
    relay.append('command', 'nonsense')
    relay.append('cancel', { id: 'nobody' })
    expect(await relay.report(id)).toMatchObject({ error: { code: 'malformed_request' } })
    await relay.report(relay.command('tab.list'))
  })

  it('has expired by the relay’s clock: not begun, whatever this machine’s clock says', async () => {
    relay.hello = () => ({ ...StandIn.prototype.hello.call(relay), server_time: instant(Date.now() + 3_600_000) })
    await world.paired(relay)
    const id = relay.command('tab.list', {}, { expires_at: instant(Date.now() + 1_800_000) })
    expect(await relay.report(id)).toMatchObject({ status: 'expired', error: { code: 'command_expired' } })
    expect(world.done).toEqual([])
  })

  it('has arguments beyond the limit: refused, and not kept', async () => {
    await world.paired(relay)
    const id = relay.command('tab.list', { query: 'x'.repeat(500_000) })
    expect(await relay.report(id)).toMatchObject({ error: { code: 'body_too_large' } })
    expect((await world.bell.ledger.entry(id))?.command.arguments).toEqual({})
  })
})

describe('what goes wrong inside', () => {
  it('is told with its code', async () => {
    world.performers['tab.list'] = async () => {
      throw new Problem('tab_not_found', 'There is no tab 7.', 'List the tabs.')
    }
    await world.paired(relay)
    expect(await relay.report(relay.command('tab.list'))).toMatchObject({
      status: 'failed',
      error: { code: 'tab_not_found', message: 'There is no tab 7.', next_step: 'List the tabs.' },
    })
  })

  it('is a fault of ours: told without its inside, and the next command runs', async () => {
    vi.spyOn(console, 'error').mockImplementation(() => undefined)
    world.performers['tab.list'] = async () => {
      throw new TypeError('secret of the inside')
    }
    await world.paired(relay)
    const report = await relay.report(relay.command('tab.list'))
    expect(report).toMatchObject({ status: 'failed', error: { code: 'internal' } })
    expect(JSON.stringify(report)).not.toContain('secret')
    world.performers['tab.list'] = async () => ({})
    expect((await relay.report(relay.command('tab.list'))).status).toBe('done')
  })

  it('is an answer above a megabyte: told', async () => {
    world.performers['tab.list'] = async () => ({ text: 'x'.repeat(950_000) })
    await world.paired(relay)
    expect(await relay.report(relay.command('tab.list'))).toMatchObject({ error: { code: 'body_too_large' } })
  })

  it('is stopped when the assistant takes it back', async () => {
    world.performers['page.capture'] = (_, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    await world.paired(relay)
    await world.bell.policy.set('page.capture', 'run')
    const id = relay.command('page.capture')
    await until(() => world.done.length === 1, 'its begin')
    relay.append('cancel', { id })
    expect(await relay.report(id)).toMatchObject({ status: 'cancelled' })
  })
})

describe('reports', () => {
  it('are posted until they are answered', async () => {
    await world.paired(relay)
    let tries = 0
    const id = 'cmd_01932c07-5a00-7000-8000-000000000001'
    relay.doors[`POST /v1/commands/${id}/result`] = (_, response) => {
      if (++tries === 2) delete relay.doors[`POST /v1/commands/${id}/result`]
      json(response, 503, { code: 'draining', detail: 'It restarts.' })
    }
    relay.command('tab.list')
    expect((await relay.report(id)).status).toBe('done')
    expect(tries).toBe(2)
    await until(async () => (await world.bell.ledger.unreported()).length === 0, 'the record of it')
  })

  it('that the relay cannot take become an excuse that says that it was done', async () => {
    await world.paired(relay)
    const id = 'cmd_01932c07-5a00-7000-8000-000000000001'
    relay.doors[`POST /v1/commands/${id}/result`] = (_, response) => {
      delete relay.doors[`POST /v1/commands/${id}/result`]
      json(response, 413, { code: 'body_too_large', detail: 'It is too large.' })
    }
    relay.command('tab.list')
    const report = await relay.report(id)
    expect(report).toMatchObject({ status: 'failed', error: { code: 'body_too_large' } })
    expect(report.error?.message).toContain('did it')
  })

  it('bring the hop times back for the person', async () => {
    await world.paired(relay)
    const id = relay.command('tab.list')
    const hops = await until(async () => {
      const activity = (await world.bell.overview()).recent.find((each) => each.id === id)
      return activity?.hops.sent && activity.hops
    }, 'the hops')
    expect(hops).toEqual({ received: instant(1_000), appended: instant(2_000), sent: instant(3_000) })
  })
})

it('a write runs, is shown with Undo, and is taken back once', async () => {
  await world.paired(relay)
  const id = relay.command('note.create', { title: 'Boat' })
  await relay.report(id)
  const shown = await until(
    async () => Object.entries(fakeBrowser.notifications.getAllCreateOptions())[0],
    'the notification',
  )
  expect(shown[1]).toMatchObject({ message: 'Ideas GPT: Boat', buttons: [{ title: 'Undo' }] })
  expect((await world.bell.overview()).recent[0]).toMatchObject({ undoable: true, summary: 'Boat' })
  await world.bell.eye.button(shown[0])
  expect(world.done.at(-1)).toMatchObject({ action: 'note.undo', args: { command_id: id } })
  expect((await world.bell.overview()).recent[0]?.undoable).toBe(false)
  await expect(world.bell.undo(id)).rejects.toMatchObject({ code: 'nothing_to_undo' })
})
