// Who is answered: the extension's own pages, and nobody else; each answer with its value or its problem.

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fakeBrowser } from 'wxt/testing/fake-browser'
import { removeAllListeners } from '../../src/messages.ts'
import { isOwnPage, receive } from '../../src/reception.ts'
import { StandIn, until } from './relay.ts'
import { World } from './world.ts'

let relay: StandIn
let world: World

beforeEach(async () => {
  relay = await new StandIn().open()
  world = new World()
  receive(async () => world.bell)
})

afterEach(async () => {
  removeAllListeners()
  await world.end()
  await relay.close()
})

const OWN = () => ({ id: fakeBrowser.runtime.id, url: fakeBrowser.runtime.getURL('/popup.html') })

/** As the browser delivers it, with the sender that it writes. */
async function ask(
  type: string,
  data?: unknown,
  sender: object = OWN(),
): Promise<{ ok: boolean } & Record<string, unknown>> {
  return new Promise((resolve) => {
    void fakeBrowser.runtime.onMessage.trigger(
      { id: 1, type, data, timestamp: Date.now() },
      sender as never,
      (answer: { res: never }) => resolve(answer.res),
    )
  })
}

it.each([
  ['a content script', { id: 'SELF', url: 'https://evil.example/' }],
  [
    'a page that names itself like us',
    { id: 'SELF', url: 'https://evil.example/chrome-extension://test-extension-id/' },
  ],
  ['another extension', { id: 'abcdefghijklmnopabcdefghijklmnop', url: 'OWN' }],
  ['somebody without an address', { id: 'SELF' }],
  ['nobody', {}],
])('%s is not answered', async (_name, sender) => {
  const bell = await world.paired(relay)
  const id = relay.command('tab.open')
  await world.waiting()
  const real = OWN()
  const claimed = Object.fromEntries(
    Object.entries(sender).map(([key, value]) => [
      key,
      value === 'SELF' ? real.id : value === 'OWN' ? real.url : value,
    ]),
  )
  expect(isOwnPage(claimed)).toBe(false)
  for (const [type, data] of [
    ['approve', { id, scope: 'once' }],
    ['accessToken', undefined],
    ['status', undefined],
    ['setRule', { subject: 'tab.open', rule: 'run' }],
  ] as const) {
    expect(await ask(type, data, claimed)).toMatchObject({ ok: false, problem: { code: 'foreign_origin' } })
  }
  expect((await bell.overview()).waiting).toHaveLength(1)
  expect(world.done).toEqual([])
})

describe('a page of ours', () => {
  it('sees, allows, refuses, pauses and rules', async () => {
    await world.paired(relay)
    const first = relay.command('tab.open')
    const second = relay.command('tab.close')
    await world.waiting(2)
    expect(await ask('status')).toMatchObject({ ok: true, value: { connection: 'connected', waiting: [{}, {}] } })
    expect(await ask('approve', { id: first, scope: 'once' })).toEqual({ ok: true, value: null })
    expect(await ask('refuse', { id: second })).toEqual({ ok: true, value: null })
    expect((await relay.report(first)).status).toBe('done')
    expect((await relay.report(second)).status).toBe('refused')
    expect(await ask('pause', { paused: true })).toEqual({ ok: true, value: null })
    expect(await ask('setRule', { subject: 'tab.open', rule: 'refuse' })).toEqual({ ok: true, value: null })
    expect(await ask('rules', {})).toMatchObject({ ok: true })
    expect(await ask('status')).toMatchObject({ value: { paused: true } })
  })

  it('hears the problem with its code and its next step', async () => {
    await world.paired(relay)
    expect(await ask('approve', { id: 'cmd_x', scope: 'once' })).toMatchObject({
      ok: false,
      problem: { code: 'request_not_found', next_step: expect.any(String) },
    })
    expect(await ask('undo', { id: 'cmd_x' })).toMatchObject({ problem: { code: 'nothing_to_undo' } })
    expect(await ask('handOver')).toMatchObject({ problem: { code: 'no_capable_device' } })
  })

  it('hears that there is no pairing', async () => {
    await world.start()
    expect(await ask('accessToken')).toMatchObject({ ok: false, problem: { code: 'not_paired' } })
    expect(await ask('approve', { id: 'x', scope: 'once' })).toMatchObject({ problem: { code: 'not_paired' } })
  })

  it('gets a token that is good, and the relay’s address', async () => {
    await world.paired(relay)
    const answer = await ask('accessToken')
    const { relay: url, token } = answer.value as { relay: string; token: string }
    expect(url).toBe(relay.url)
    expect(relay.good.has(token)).toBe(true)
  })

  it('keeps a page by hand: in the list, undoable, and asked by nobody', async () => {
    world.performers['page.capture'] = async (_args, { save }) => {
      const note = await save({ title: 'Boats', body: '# Boats\n' })
      return {
        title: 'Boats',
        url: 'https://example.com/',
        markdown: '# Boats\n',
        truncated: false,
        characters: 8,
        note,
      }
    }
    await world.paired(relay)
    expect(await ask('captureTab', { mode: 'page', tabId: 7 })).toEqual({
      ok: true,
      value: { title: 'Boats', path: 'Boats.md', where: 'browser', characters: 8 },
    })
    expect(world.done[0]).toMatchObject({ args: { part: 'page', save: true, tab_id: 7 } })
    const [own] = (await world.bell.overview()).recent
    expect(own).toMatchObject({ action: 'page.capture', assistant: 'You', status: 'done', undoable: true })
    await world.restart()
    expect(relay.results).toEqual([])
    expect(await ask('readTab', { mode: 'selection' })).toMatchObject({
      value: { title: 'Boats', markdown: '# Boats\n' },
    })
    await until(async () => (await world.bell.overview()).recent.length === 1, 'the list')
  })

  it('keeps an answer of the chat as a note', async () => {
    await world.paired(relay)
    expect(await ask('keepNote', { title: 'An answer', body: 'The sea is salt.' })).toEqual({
      ok: true,
      value: { path: 'An answer.md', where: 'browser' },
    })
  })
})

it('pages are told of changes, once for many', async () => {
  await world.paired(relay)
  await until(() => world.told.length > 0, 'the first word')
  vi.spyOn(world.bell, 'overview')
  for (let nth = 0; nth < 20; nth++) world.bell.changed()
  const before = world.told.length
  await until(() => world.told.length > before, 'the word')
  expect(world.bell.overview).toHaveBeenCalledTimes(1)
})
