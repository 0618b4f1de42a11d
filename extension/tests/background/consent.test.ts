// What asks, asks: nothing that acts runs before the person's yes to this very request, and silence is never a yes.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fakeBrowser } from 'wxt/testing/fake-browser'
import { GRANT, instant, StandIn, until } from './relay.ts'
import { World } from './world.ts'

let relay: StandIn
let world: World

beforeEach(async () => {
  relay = await new StandIn().open()
  world = new World()
})

afterEach(async () => {
  vi.useRealTimers()
  await world.end()
  await relay.close()
})

/** The person lets `tab.focus` run for an hour, and it has run. */
async function allowedForAnHour(): Promise<void> {
  await world.paired(relay)
  const first = relay.command('tab.focus', { tab_id: 1 })
  await world.waiting()
  await world.bell.line.gate.approve(first, 'hour')
  await relay.report(first)
}

const OTHER = 'gra_01932c07-5a00-7000-8000-000000000002'

describe('an act', () => {
  it('waits, and the relay, the badge, a notification and one window say so', async () => {
    await world.paired(relay)
    const first = relay.command('tab.open', { url: 'https://example.com/' })
    const second = relay.command('tab.close', { tab_id: 7 })
    const waiting = await world.waiting(2)
    expect(waiting[0]).toMatchObject({
      id: first,
      action: 'tab.open',
      assistant: 'Ideas GPT',
      host: 'chatgpt.com',
      arguments: { url: 'https://example.com/' },
    })
    expect(world.done).toEqual([])
    await until(() => relay.progress.length >= 2, 'the progress')
    expect(relay.progress).toContainEqual({ id: second, status: 'awaiting_approval' })
    await until(async () => (await fakeBrowser.action.getBadgeText({})) === '2', 'the badge')
    const shown = fakeBrowser.notifications.getAllCreateOptions()
    expect(shown[`asks:${first}`]?.message).toBe('Ideas GPT (chatgpt.com): Open a page in a tab')
    const windows = await fakeBrowser.windows.getAll()
    expect(windows.filter((window) => window.type === 'popup')).toHaveLength(1)
  })

  it('runs once after a yes, and only the one that was answered', async () => {
    await world.paired(relay)
    const asked = relay.command('tab.open', { url: 'https://example.com/' })
    relay.command('tab.open', { url: 'https://example.org/' })
    await world.waiting(2)
    await world.bell.line.gate.approve(asked, 'once')
    expect((await relay.report(asked)).status).toBe('done')
    expect(world.done).toEqual([{ action: 'tab.open', args: { url: 'https://example.com/' }, id: asked }])
    await expect(world.bell.line.gate.approve(asked, 'once')).rejects.toMatchObject({ code: 'request_not_found' })
    expect(await world.waiting()).toHaveLength(1)
  })

  it('is not done after a no', async () => {
    await world.paired(relay)
    const id = relay.command('tab.open', { url: 'https://example.com/' })
    await world.waiting()
    await world.bell.line.gate.refuse(id)
    expect(await relay.report(id)).toMatchObject({ status: 'refused', error: { code: 'refused' } })
    await expect(world.bell.line.gate.approve(id, 'once')).rejects.toMatchObject({ code: 'request_not_found' })
    expect(world.done).toEqual([])
    expect((await world.bell.overview()).recent[0]).toMatchObject({ id, status: 'refused' })
  })

  it('that nobody answers expires; a yes that comes too late does nothing', async () => {
    await world.paired(relay)
    const id = relay.command('tab.open', {}, { expires_at: instant(Date.now() + 300) })
    await world.waiting()
    await new Promise((resolve) => setTimeout(resolve, 350)) // its time is what is waited for
    await expect(world.bell.line.gate.approve(id, 'once')).rejects.toMatchObject({ code: 'command_expired' })
    expect((await relay.report(id)).status).toBe('expired')
    expect(world.done).toEqual([])
    expect((await world.bell.overview()).recent[0]).toMatchObject({ status: 'expired' })
  })

  it('that expired while the worker slept is told at the next wake', async () => {
    await world.paired(relay)
    const id = relay.command('tab.open', {}, { expires_at: instant(Date.now() + 200) })
    await world.waiting()
    await world.kill()
    await new Promise((resolve) => setTimeout(resolve, 250))
    await world.start()
    expect((await relay.report(id)).status).toBe('expired')
  })

  it('is bound to what the person saw: what was changed in the store since is not run', async () => {
    await world.paired(relay)
    const id = relay.command('tab.open', { url: 'https://example.com/' })
    await world.waiting()
    const entry = await world.bell.ledger.entry(id)
    if (entry === undefined) throw new Error('it is not there')
    const command = { ...entry.command, arguments: { url: 'https://evil.example/' } }
    await world.bell.facts.database.put('ledger', { ...entry, command })
    await world.bell.line.gate.approve(id, 'once')
    expect(await relay.report(id)).toMatchObject({ status: 'failed', error: { code: 'request_changed' } })
    expect(world.done).toEqual([])
  })

  it('that is taken back by the assistant no longer waits', async () => {
    await world.paired(relay)
    const id = relay.command('tab.open')
    await world.waiting()
    relay.append('cancel', { id })
    expect((await relay.report(id)).status).toBe('cancelled')
    expect((await world.bell.overview()).waiting).toEqual([])
  })

  it('waits on after the worker was killed, asks the relay for patience again, and then runs', async () => {
    await world.paired(relay)
    const id = relay.command('tab.open')
    await world.waiting()
    relay.progress.length = 0
    await world.restart()
    await until(() => relay.progress.some((each) => each.id === id), 'the reminder')
    await world.bell.line.gate.approve(id, 'once')
    expect((await relay.report(id)).status).toBe('done')
  })
})

describe('for an hour', () => {
  it('holds for that action and that grant alone, and for what waits already', async () => {
    await world.paired(relay)
    const first = relay.command('tab.focus', { tab_id: 1 })
    const same = relay.command('tab.focus', { tab_id: 2 })
    const action = relay.command('tab.close', { tab_id: 2 })
    const assistant = { grant_id: OTHER, name: 'Ideas GPT', host: 'chatgpt.com' }
    const grant = relay.command('tab.focus', { tab_id: 3 }, { assistant })
    await world.waiting(4)
    await world.bell.line.gate.approve(first, 'hour')
    await relay.report(first)
    await relay.report(same)
    await relay.report(relay.command('tab.focus', { tab_id: 4 }))
    expect((await world.waiting(2)).map((each) => each.id)).toEqual([action, grant])
  })

  it('ends after an hour', async () => {
    await allowedForAnHour()
    const real = Date.now
    vi.spyOn(Date, 'now').mockImplementation(() => real() + 3_601_000)
    const later = relay.command('tab.focus', { tab_id: 1 }, { expires_at: instant(real() + 9_000_000) })
    expect((await world.waiting()).map((each) => each.id)).toEqual([later])
  })

  it('ends with a pause', async () => {
    await allowedForAnHour()
    await world.bell.pause(true)
    await world.bell.pause(false)
    relay.command('tab.focus', { tab_id: 1 })
    expect(await world.waiting()).toHaveLength(1)
  })

  it('never covers addresses by an allowance for titles', async () => {
    await world.paired(relay)
    await world.bell.policy.set('tab.list', 'ask')
    const titles = relay.command('tab.list')
    await world.waiting()
    await world.bell.line.gate.approve(titles, 'hour')
    await relay.report(titles)
    const addresses = relay.command('tab.list', { addresses: true })
    expect((await world.waiting()).map((each) => each.id)).toEqual([addresses])
  })
})

async function ruleOf(subject: string, grant?: string) {
  return (await world.bell.policy.rules(grant)).rules.find((rule) => rule.subject === subject)
}

describe('rules', () => {
  it.each([
    ['tab.list', {}, false],
    ['tab.list', { addresses: true }, true],
    ['tab.open', { url: 'https://example.com/' }, true],
    ['tab.close', { tab_id: 1 }, true],
    ['tab.focus', { tab_id: 1 }, true],
    ['page.capture', {}, true],
    ['page.bookmark', {}, true],
    ['note.read', { path: 'a.md' }, false],
    ['note.create', { title: 'a' }, false],
  ])('%s %j asks: %s', async (action, args, asks) => {
    await world.paired(relay)
    const id = relay.command(action, args)
    if (asks) expect((await world.waiting())[0]?.id).toBe(id)
    else expect((await relay.report(id)).status).toBe('done')
  })

  it('of the person are kept: refuse refuses, ask asks, run runs; nothing of it is told to the assistant', async () => {
    await world.paired(relay)
    await world.bell.policy.set('tab.list', 'refuse')
    await world.bell.policy.set('note.create', 'ask')
    await world.bell.policy.set('tab.open', 'run')
    await world.restart()
    expect(await relay.report(relay.command('tab.list'))).toMatchObject({
      status: 'refused',
      error: { code: 'refused' },
    })
    expect((await relay.report(relay.command('tab.open'))).status).toBe('done')
    relay.command('note.create', { title: 'a' })
    await world.waiting()
    expect(await ruleOf('tab.open')).toMatchObject({ rule: 'run', usual: 'ask' })
    await world.bell.policy.set('tab.open', 'default')
    expect(await ruleOf('tab.open')).toMatchObject({ rule: 'default', usual: 'ask' })
  })

  it('hold for one assistant where they are given to it, and outlive the worker and the command that named it', async () => {
    await world.paired(relay)
    await relay.report(relay.command('tab.list'))
    const { assistants } = await world.bell.policy.rules()
    expect(assistants).toEqual([{ grant: GRANT, name: 'Ideas GPT', host: 'chatgpt.com' }])
    await world.bell.policy.set('act', 'refuse', GRANT)
    await world.bell.policy.set('tab.focus', 'run', GRANT)
    await world.bell.policy.set('read', 'ask')
    expect(await ruleOf('tab.open', GRANT)).toMatchObject({ rule: 'default', usual: 'refuse' })
    expect(await ruleOf('tab.list', GRANT)).toMatchObject({ rule: 'default', usual: 'ask' })
    expect(await ruleOf('tab.focus')).toMatchObject({ rule: 'default', usual: 'ask' })
    await world.bell.ledger.prune(0)
    await world.restart()
    expect((await world.bell.policy.rules()).assistants).toEqual(assistants)
    expect(await relay.report(relay.command('tab.open'))).toMatchObject({ status: 'refused' })
    expect((await relay.report(relay.command('tab.focus'))).status).toBe('done')
    const other = { grant_id: GRANT.replace(/1$/, '2'), name: 'Ideas GPT', host: 'chatgpt.com' }
    const asks = relay.command('tab.open', {}, { assistant: other })
    expect((await world.waiting()).map((each) => each.id)).toEqual([asks])
  })

  it('given back one by one leave nothing of the assistant', async () => {
    await world.paired(relay)
    await relay.report(relay.command('tab.list'))
    await Promise.all([
      world.bell.policy.set('act', 'refuse', GRANT),
      world.bell.policy.set('tab.open', 'run', GRANT),
      world.bell.policy.set('tab.open', 'refuse'),
    ])
    expect(await world.bell.facts.get('rules')).toMatchObject({
      actions: { 'tab.open': 'refuse' },
      assistants: { [GRANT]: { act: 'refuse', actions: { 'tab.open': 'run' }, name: 'Ideas GPT' } },
    })
    await world.bell.policy.set('act', 'default', GRANT)
    await world.bell.policy.set('tab.open', 'default', GRANT)
    await world.bell.policy.set('tab.open', 'default')
    expect(await world.bell.facts.get('rules')).toEqual({ actions: {}, assistants: {} })
  })

  it('are for what there is and for who was here', async () => {
    await world.paired(relay)
    await expect(world.bell.policy.set('tab.explode', 'run')).rejects.toMatchObject({ code: 'unknown_action' })
    for (const nobody of [GRANT, '', '__proto__']) {
      await expect(world.bell.policy.set('tab.open', 'run', nobody)).rejects.toMatchObject({ code: 'grant_not_found' })
    }
    expect(await world.bell.facts.get('rules')).toBeUndefined()
  })

  it('of an assistant end what was allowed it for an hour', async () => {
    await allowedForAnHour()
    await world.bell.policy.set('tab.focus', 'ask', GRANT)
    relay.command('tab.focus', { tab_id: 1 })
    expect(await world.waiting()).toHaveLength(1)
  })

  it('say what is shown when it is done: notify shows, run is silent', async () => {
    await world.paired(relay)
    const shown = vi.spyOn(fakeBrowser.notifications, 'create')
    await world.bell.policy.set('note.create', 'run')
    await relay.report(relay.command('note.create', { title: 'silent' }))
    await world.bell.policy.set('tab.focus', 'notify')
    await relay.report(relay.command('tab.focus', { tab_id: 1 }))
    await until(() => shown.mock.calls.length === 1, 'the notification')
    expect(shown.mock.calls[0]?.[0]).toContain('done:')
  })

  it('to run the list of tabs does not give their addresses', async () => {
    await world.paired(relay)
    await world.bell.policy.set('tab.list', 'run')
    relay.command('tab.list', { addresses: true })
    await world.waiting()
  })
})

describe('pause', () => {
  it('refuses what waits, what is ready and what comes; what has begun is finished', async () => {
    let go: () => void = () => undefined
    world.performers['tab.list'] = (args) =>
      new Promise((resolve) => {
        go = () => resolve(args)
      })
    await world.paired(relay)
    const begun = relay.command('tab.list', { query: 'begun' })
    await until(() => world.done.length === 1, 'its begin')
    const ready = relay.command('tab.list', { query: 'ready' })
    const waits = relay.command('tab.open')
    await world.waiting()
    await world.bell.pause(true)
    expect(await relay.report(waits)).toMatchObject({ status: 'refused', error: { code: 'paused' } })
    expect(await relay.report(ready)).toMatchObject({ status: 'refused', error: { code: 'paused' } })
    go()
    expect((await relay.report(begun)).status).toBe('done')
    expect(await relay.report(relay.command('tab.list'))).toMatchObject({ error: { code: 'paused' } })
    await world.restart()
    expect(await relay.report(relay.command('note.create'))).toMatchObject({ error: { code: 'paused' } })
    expect((await world.bell.overview()).paused).toBe(true)
    expect(world.done).toHaveLength(1)
  })

  it('forbids a yes', async () => {
    await world.paired(relay)
    const id = relay.command('tab.open')
    await world.waiting()
    await world.bell.facts.set('paused', true)
    await expect(world.bell.line.gate.approve(id, 'once')).rejects.toMatchObject({ code: 'paused' })
  })
})

describe('a flood', () => {
  it('of one assistant fills its own share, and hears so', async () => {
    await world.paired(relay)
    const ids = Array.from({ length: 27 }, (_, tab) => relay.command('tab.focus', { tab_id: tab }))
    const assistant = { grant_id: OTHER, name: 'Other', host: 'claude.ai' }
    const other = relay.command('tab.focus', { tab_id: 99 }, { assistant })
    expect(await relay.report(ids[26] ?? '')).toMatchObject({ status: 'failed', error: { code: 'too_many_pending' } })
    expect((await world.waiting(26)).map((each) => each.id)).toEqual([...ids.slice(0, 25), other])
  })

  it('does not chase whoever closes the window', async () => {
    await world.paired(relay)
    const create = vi.spyOn(fakeBrowser.windows, 'create')
    for (let nth = 1; nth <= 6; nth++) {
      relay.command('tab.focus', { tab_id: nth })
      await world.waiting(nth)
      if (nth > 3) continue
      const window = await until(
        async () => (await fakeBrowser.storage.session.get('consentWindow')).consentWindow,
        'it',
      )
      await fakeBrowser.windows.remove(window as number)
      await fakeBrowser.storage.session.remove('consentWindow')
    }
    expect(create).toHaveBeenCalledTimes(3)
  })
})

it('an assistant’s words cannot turn the reading order of a notification, nor make it long', async () => {
  await world.paired(relay)
  const assistant = { grant_id: GRANT, name: `Bank\u202egnip\n${'x'.repeat(180)}`, host: 'chatgpt.com' }
  const id = relay.command('tab.open', { url: 'https://example.com/' }, { assistant })
  await world.waiting()
  const { message } = await until(() => fakeBrowser.notifications.getAllCreateOptions()[`asks:${id}`], 'it')
  expect(message).toMatch(/^Bank gnip x+ \(chatgpt\.com\): Open a page in a tab$/)
})
