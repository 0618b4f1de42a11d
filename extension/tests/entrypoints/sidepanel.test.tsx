// @vitest-environment happy-dom
/** The side panel: activity with its hops, the chat from question to note, the rules, the end of the pairing. */

import { render } from 'preact'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fakeBrowser } from 'wxt/testing/fake-browser'
import { Panel } from '../../src/entrypoints/sidepanel/panel.tsx'
import type { Overview, RulesView } from '../../src/face.ts'
import { RelayServer, RUN } from '../ai/relay_server.ts'
import { Background, button, CONNECTED, found, leave, said, until } from '../ui/stage.ts'

let server: RelayServer
let relay: string

const permissions = { getAll: vi.fn(), request: vi.fn(), remove: vi.fn() }
const events = { addListener: () => undefined, removeListener: () => undefined }

beforeEach(async () => {
  server = new RelayServer()
  relay = await server.open()
  const offered = [
    { name: 'local', title: 'Local', model: 'm', models: ['m'], stops_billing: null },
    { name: 'groq', title: 'Groq', model: 'big', models: ['big', 'small'], stops_billing: false },
  ]
  server.doors['GET /ai/providers'] = (_, response) => server.json(response, { providers: offered })
  permissions.getAll.mockResolvedValue({ permissions: ['tabs'], origins: ['https://harbour.example/*'] })
  permissions.request.mockResolvedValue(true)
  permissions.remove.mockResolvedValue(true)
  Object.assign(fakeBrowser.permissions, { ...permissions, onAdded: events, onRemoved: events })
  Object.assign(fakeBrowser.tabs, {
    query: async () => [{ id: 7, url: 'https://harbour.example/tides', title: 'Tides' }],
    onActivated: events,
    onUpdated: events,
  })
  window.matchMedia = ((query: string) => ({ matches: query.includes('reduce') })) as typeof window.matchMedia
  await fakeBrowser.storage.session.clear()
  await fakeBrowser.storage.local.clear()
})

afterEach(async () => {
  await leave()
  await server.close()
})

function opened(overview: Partial<Overview> = {}, answers = {}): Background {
  const background = new Background(
    { ...CONNECTED, ...overview },
    { accessToken: () => ({ relay, token: 'lent' }), ...answers },
  )
  render(<Panel />, document.body)
  return background
}

async function enter(room: 'activity' | 'chat' | 'rules'): Promise<void> {
  ;(await found(`#tab-${room}`)).click()
  await until(() => expect(document.querySelector<HTMLElement>(`#room-${room}`)?.hidden).toBe(false))
}

async function ask(question: string): Promise<void> {
  const area = await found<HTMLTextAreaElement>('#question')
  await found('#who')
  area.value = question
  area.dispatchEvent(new Event('input', { bubbles: true }))
  await until(() => expect(document.querySelector('#send')?.getAttribute('aria-disabled')).toBe('false'))
  document.querySelector('form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
}

describe('the rooms', () => {
  it('are chosen with the arrow keys, as tabs are', async () => {
    opened()
    const first = await found('#tab-activity')
    first.dispatchEvent(new KeyboardEvent('keydown', { key: 'ArrowRight', bubbles: true }))
    await until(() => expect(document.activeElement?.id).toBe('tab-chat'))
    expect(document.querySelector('#tab-chat')?.getAttribute('aria-selected')).toBe('true')
    expect(first.getAttribute('tabindex')).toBe('-1')
  })
})

describe('activity', () => {
  it('shows each hop of a command', async () => {
    const at = (ms: string) => `2026-11-24T13:52:01.${ms}Z`
    const hops = { received: at('000000'), appended: at('002900'), acted: at('412000'), returned: at('431000') }
    const one = { id: 'cmd_1', action: 'tab.open', title: '', assistant: 'ChatGPT', status: 'done' as const }
    opened({ recent: [{ ...one, at: at('000000'), hops, summary: 'harbour.example', undoable: false }] })
    await said(/Stored \+3\sms.*Done here \+412\sms.*Answered \+431\sms/)
  })
})

describe('the chat', () => {
  it('asks, shows the answer with its figures, and keeps it as a note', async () => {
    const background = opened({}, { keepNote: () => ({ path: 'Why.md', where: 'laptop' }) })
    await enter('chat')
    await ask('Why is the sea salt?')
    await said('The sea is salt.')
    await said(/first token after 71\sms · 104 tokens\/s · 3 tokens/)
    ;(await button('Keep as a note')).click()
    await said('Kept on the laptop as Why.md.')
    const [note] = background.of('keepNote')
    expect(note).toMatchObject({ title: 'Why is the sea salt?', tags: ['chat'] })
    expect(note?.body).toContain('The sea is salt.')
    expect(server.seen.every((request) => request.token === 'lent')).toBe(true)
  })

  it('stores no token', async () => {
    opened()
    await enter('chat')
    await ask('Why?')
    await said('The sea is salt.')
    const all = async () =>
      JSON.stringify([await fakeBrowser.storage.session.get(null), await fakeBrowser.storage.local.get(null)])
    await until(async () => expect(await all()).toContain('The sea is salt.'))
    expect(await all()).not.toContain('lent')
  })

  it('takes the page in front with the question, by the permission of the click', async () => {
    const background = opened(
      {},
      { readTab: () => ({ title: 'Tides', url: 'https://harbour.example/tides', markdown: 'High water at 04:12.' }) },
    )
    await enter('chat')
    await found('#who')
    ;(await button('Add this page')).click()
    expect(permissions.request).toHaveBeenCalledWith({ permissions: [], origins: ['https://harbour.example/*'] })
    await said('Tides · harbour.example')
    expect(background.of('readTab')).toEqual([{ mode: 'page', tabId: 7 }])
    await ask('When?')
    await said('With: Tides')
    await until(() =>
      expect(server.seen.find((request) => request.path === '/ai/runs')?.body).toContain('High water at 04:12.'),
    )
  })

  it('is stopped by its button', async () => {
    let end: (() => void) | undefined
    server.streams = [
      (request, response) => {
        server.write(request, response, 1)
        end = () => server.write({ ...request, cursor: 'x-3' }, response)
      },
    ]
    opened()
    await enter('chat')
    await ask('Why?')
    ;(await found('#stop')).click()
    await until(() => expect([server.stopped, end !== undefined]).toEqual([true, true]))
    end?.()
    await said('stopped')
    await found('#send')
  })

  it('goes on with an answer that was being written when the panel was closed', async () => {
    server.streams = [(request, response) => server.write(request, response, 1)]
    const { overview } = opened()
    await enter('chat')
    await ask('Why?')
    await said('The ')
    await until(async () =>
      expect(JSON.stringify(await fakeBrowser.storage.session.get(null))).toContain(`"run":"${RUN}"`),
    )
    await leave()
    server.streams = []
    opened(overview)
    await enter('chat')
    await said('The sea is salt.')
  })

  it('shows Markdown of a hostile model as text', async () => {
    server.pieces = ['<img src=x onerror=alert(1)> [x](javascript:alert(1)) ', '**bold**']
    opened()
    await enter('chat')
    await ask('Why?')
    await found('#room-chat strong')
    await said('<img src=x onerror=alert(1)> x bold')
    expect(document.querySelector('#room-chat img, [href^="javascript"]')).toBeNull()
  })

  it('chooses whom to ask, says where Stop does not stop the bill, and remembers it', async () => {
    opened()
    await enter('chat')
    const who = await found<HTMLSelectElement>('#who')
    expect([...who.options].map((option) => option.textContent)).toEqual([
      'm',
      'big (Stop does not stop the bill)',
      'small (Stop does not stop the bill)',
    ])
    who.value = JSON.stringify(['groq', 'small'])
    who.dispatchEvent(new Event('change', { bubbles: true }))
    await until(async () =>
      expect(await fakeBrowser.storage.local.get('chat.choice')).toEqual({
        'chat.choice': { provider: 'groq', model: 'small' },
      }),
    )
    await ask('Why?')
    await said('The sea is salt.')
    const sent = server.seen.find((request) => request.path === '/ai/runs')
    expect(JSON.parse(sent?.body ?? '')).toMatchObject({ provider: 'groq', model: 'small' })
  })

  it('says so when there is nobody to ask, and when this browser is not paired', async () => {
    server.doors['GET /ai/providers'] = (_, response) => server.json(response, { providers: [] })
    const background = opened()
    await enter('chat')
    await said('Your relay has no AI provider.')
    background.tell({ connection: 'needs_pairing' })
    await said('Pair this browser first')
  })
})

function selects(): HTMLSelectElement[] {
  return [...document.querySelectorAll<HTMLSelectElement>('.rules select')]
}

function choose(select: HTMLSelectElement | undefined, value: string): void {
  if (select === undefined) throw new Error('There is nothing to choose from.')
  select.value = value
  select.dispatchEvent(new Event('change', { bubbles: true }))
}

describe('the rules', () => {
  const RULES: RulesView = {
    assistants: [],
    rules: [
      { subject: 'act', title: 'act', rule: 'default', usual: 'ask' },
      { subject: 'tab.open', title: 'Open a tab', rule: 'default', usual: 'ask' },
      { subject: 'tab.list', title: 'List tabs', rule: 'refuse', usual: 'run' },
    ],
  }

  it('are shown and set, one for each action', async () => {
    const background = opened({}, { rules: () => RULES })
    await enter('rules')
    await said('Open a page in a tab')
    const [act, open, list] = selects()
    expect([act?.value, open?.value, list?.value]).toEqual(['default', 'default', 'refuse'])
    expect(open?.options[0]?.textContent).toBe('As usual: ask me')
    choose(open, 'run')
    await until(() => expect(background.of('setRule')).toEqual([{ subject: 'tab.open', rule: 'run' }]))
    choose(act, 'notify')
    await until(() => expect(background.of('setRule')[1]).toEqual({ subject: 'act', rule: 'notify' }))
    expect(document.querySelector('#rules-for')).toBeNull()
  })

  it('are given to one assistant by its grant, whatever it calls itself', async () => {
    const twin = { name: 'Ideas \u202eTPG', host: 'chatgpt.com' }
    const assistants = [
      { grant: 'gra_0001', ...twin },
      { grant: 'gra_0002', ...twin },
      { grant: 'gra_0003', name: '<img src=x>', host: '' },
    ]
    const background = opened({}, { rules: () => ({ ...RULES, assistants }) })
    await enter('rules')
    const whose = await found<HTMLSelectElement>('#rules-for')
    expect([...whose.options].map((option) => option.textContent)).toEqual([
      'all assistants',
      'Ideas ⟦U+202E⟧TPG · chatgpt.com …0001',
      'Ideas ⟦U+202E⟧TPG · chatgpt.com …0002',
      '<img src=x>',
    ])
    choose(whose, 'gra_0002')
    await until(() => expect(background.of('rules').at(-1)).toEqual({ grant: 'gra_0002' }))
    await said('As for all: ask me')
    choose(selects()[1], 'refuse')
    await until(() =>
      expect(background.of('setRule')).toEqual([{ subject: 'tab.open', rule: 'refuse', grant: 'gra_0002' }]),
    )
  })

  it('give and take what the browser permits', async () => {
    opened({}, { rules: () => RULES })
    await enter('rules')
    await said('Read pages of https://harbour.example/*')
    const [tabs, bookmarks, site] = [...document.querySelectorAll<HTMLInputElement>('#room-rules [type=checkbox]')]
    expect([tabs?.checked, bookmarks?.checked, site?.checked]).toEqual([true, false, true])
    bookmarks?.click()
    expect(permissions.request).toHaveBeenCalledWith({ permissions: ['bookmarks'], origins: [] })
    await until(() => site?.click())
    await until(() =>
      expect(permissions.remove).toHaveBeenCalledWith({ permissions: [], origins: ['https://harbour.example/*'] }),
    )
  })

  it('end the pairing after a second question', async () => {
    const background = opened({ deviceName: 'Firefox, Linux' }, { rules: () => RULES })
    await enter('rules')
    await said('It is called Firefox, Linux, and is paired with relay.example.')
    ;(await found('#unpair')).click()
    await said('Notes that are kept here stay.')
    expect(background.of('unpair')).toEqual([])
    ;(await found('#unpair-sure')).click()
    await until(() => expect(background.of('unpair')).toHaveLength(1))
  })
})
