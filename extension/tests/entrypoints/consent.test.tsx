// @vitest-environment happy-dom
/** The consent window shows exactly what is asked, takes no click too early, and permits inside the click. */

import { render } from 'preact'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fakeBrowser } from 'wxt/testing/fake-browser'
import { Consent } from '../../src/entrypoints/consent/consent.tsx'
import { SETTLE_MS } from '../../src/entrypoints/consent/settle.ts'
import type { Overview, Waiting } from '../../src/face.ts'
import { Problem } from '../../src/wire.ts'
import { Background, button, CONNECTED, found, leave, said, until } from '../ui/stage.ts'

const OPEN: Waiting = {
  id: 'cmd_1',
  action: 'tab.open',
  title: 'Open a tab',
  assistant: 'ChatGPT',
  host: 'chatgpt.com',
  arguments: { url: 'https://harbour.example/tides', background: true },
  expiresAt: new Date(Date.now() + 600_000).toISOString(),
  receivedAt: new Date().toISOString(),
}
const CAPTURE: Waiting = { ...OPEN, id: 'cmd_2', action: 'page.capture', arguments: { tab_id: 7, part: 'page' } }

const permissions = { request: vi.fn() }
let tab: { title?: string; url?: string } | null = null

beforeEach(() => {
  vi.useFakeTimers({
    toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'Date'],
    shouldAdvanceTime: true,
  })
  permissions.request.mockReset().mockResolvedValue(true)
  Object.assign(fakeBrowser.permissions, permissions)
  const events = { addListener: () => undefined, removeListener: () => undefined }
  Object.assign(fakeBrowser.tabs, {
    get: async () => tab ?? Promise.reject(new Error('No tab with id: 7.')),
    onUpdated: events,
    onActivated: events,
    onRemoved: events,
  })
  window.close = vi.fn()
})

afterEach(async () => {
  await leave()
  vi.useRealTimers()
})

function opened(
  waiting: Waiting[],
  first: string | null = waiting[0]?.id ?? null,
  more: Partial<Overview> = {},
): Background {
  const background = new Background({ ...CONNECTED, waiting, ...more })
  render(<Consent first={first} />, document.body)
  return background
}

async function settle(): Promise<void> {
  await found('#refuse')
  await vi.advanceTimersByTimeAsync(SETTLE_MS + 50)
}

describe('what is shown', () => {
  it('is the assistant, the action in words, and every argument', async () => {
    opened([OPEN])
    await said('Open a page in a tab')
    await said('ChatGPT · chatgpt.com')
    await said('Opens a page of harbour.example')
    expect([...document.querySelectorAll('dt')].map((name) => name.textContent)).toEqual(['url', 'background'])
    expect([...document.querySelectorAll('dd')].map((value) => value.textContent)).toEqual([
      'https://harbour.example/tides',
      'true',
    ])
  })

  it('hides nothing: characters that turn the order are written out, and said', async () => {
    opened([{ ...OPEN, assistant: 'Chat\u202eTPG', arguments: { url: 'https://a.example/\u2066x' } }])
    await said('Chat⟦U+202E⟧TPG')
    await said('https://a.example/⟦U+2066⟧x')
    await said('characters that do not show')
  })

  it('folds what is long, and says how long it is', async () => {
    opened([{ ...OPEN, arguments: { url: `https://a.example/${'x'.repeat(1_000)}` } }])
    expect((await found('details summary')).textContent).toMatch(/^1,018 characters, 1 line: https:\/\/a.example\/x/)
  })

  it('cannot be allowed when not all of it can be shown', async () => {
    opened([{ ...OPEN, arguments: { url: 'x'.repeat(500_000) } }])
    await said('so it cannot be allowed here')
    expect(document.querySelector('#once')).toBeNull()
    expect(document.querySelector('#refuse')).not.toBeNull()
  })

  it('markup in it is text', async () => {
    opened([
      { ...OPEN, assistant: '<img src=x onerror=alert(1)>', arguments: { '<b>url</b>': '<script>alert(1)</script>' } },
    ])
    await said('<script>alert(1)</script>')
    expect(document.querySelector('img, script, dt b')).toBeNull()
  })
})

describe('an answer', () => {
  it('has Refuse under the hand', async () => {
    opened([OPEN])
    const refuse = await found('#refuse')
    await until(() => expect(document.activeElement).toBe(refuse))
  })

  it.each(['#once', '#hour', '#refuse'])('is not taken before the window was seen: %s', async (id) => {
    const background = opened([OPEN])
    const pressed = await found(id)
    pressed.click()
    await vi.advanceTimersByTimeAsync(SETTLE_MS - 100)
    pressed.click()
    expect([...background.of('approve'), ...background.of('refuse')]).toEqual([])
    expect(pressed.getAttribute('aria-disabled')).toBe('true')
    await vi.advanceTimersByTimeAsync(200)
    pressed.click()
    await until(() => expect([...background.of('approve'), ...background.of('refuse')]).toHaveLength(1))
  })

  it.each([
    ['#once', 'once'],
    ['#hour', 'hour'],
  ])('allows %s', async (id, scope) => {
    const background = opened([OPEN])
    await settle()
    ;(await found(id)).click()
    await until(() => expect(background.of('approve')).toEqual([{ id: 'cmd_1', scope }]))
  })

  it('is given once, however often it is pressed', async () => {
    const background = opened([OPEN])
    await settle()
    const once = await found('#once')
    once.click()
    once.click()
    await until(() => expect(once.getAttribute('aria-disabled')).toBe('true'))
    await vi.advanceTimersByTimeAsync(1_000)
    once.click()
    await vi.advanceTimersByTimeAsync(100)
    expect(background.of('approve')).toHaveLength(1)
  })

  it('refuses', async () => {
    const background = opened([OPEN])
    await settle()
    ;(await found('#refuse')).click()
    await until(() => expect(background.of('refuse')).toEqual([{ id: 'cmd_1' }]))
    expect(background.of('approve')).toEqual([])
  })

  it('is held anew when another request takes the place', async () => {
    const background = opened([OPEN, CAPTURE])
    tab = { title: 'Tides', url: 'https://harbour.example/' }
    await settle()
    ;(await found('#once')).click()
    await until(() => expect(background.of('approve')).toHaveLength(1))
    background.tell({ waiting: [CAPTURE] })
    await said('Read a page and keep it as a note')
    ;(await found('#once')).click()
    await vi.advanceTimersByTimeAsync(100)
    expect(background.of('approve')).toHaveLength(1)
  })

  it('says what the background answers when it cannot be given', async () => {
    const background = opened([OPEN])
    background.answers.approve = () => {
      throw new Problem('request_not_found', 'This request does not wait any more.')
    }
    await settle()
    ;(await found('#once')).click()
    await said('This request does not wait any more.')
  })

  it('is not given by Escape, which only closes', async () => {
    const background = opened([OPEN])
    await settle()
    window.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape' }))
    expect(window.close).toHaveBeenCalled()
    expect([...background.of('approve'), ...background.of('refuse')]).toEqual([])
  })
})

describe("the browser's permission", () => {
  it('is asked inside the click, for that one site', async () => {
    tab = { title: 'Tides', url: 'https://harbour.example:8443/a?b' }
    const background = opened([CAPTURE])
    await said('Tides · harbour.example:8443')
    await settle()
    const once = await found('#once')
    once.click()
    expect(permissions.request).toHaveBeenCalledWith({ permissions: [], origins: ['https://harbour.example/*'] })
    await until(() => expect(background.of('approve')).toEqual([{ id: 'cmd_2', scope: 'once' }]))
  })

  it('when refused lets nothing happen, and the request waits on', async () => {
    permissions.request.mockResolvedValue(false)
    tab = { title: 'Tides', url: 'https://harbour.example/' }
    const background = opened([CAPTURE])
    await said('Tides')
    await settle()
    ;(await found('#once')).click()
    await said('permission was not given')
    expect(background.of('approve')).toEqual([])
    expect(background.of('refuse')).toEqual([])
  })

  it('is not asked where none is needed', async () => {
    opened([OPEN])
    await settle()
    ;(await found('#once')).click()
    expect(permissions.request).not.toHaveBeenCalled()
  })

  it('comes first when nobody can see which page it is', async () => {
    tab = {}
    const background = opened([CAPTURE])
    const show = await found('#show')
    expect(document.querySelector('#once')).toBeNull()
    await settle()
    tab = { title: 'Tides', url: 'https://harbour.example/' }
    show.click()
    expect(permissions.request).toHaveBeenCalledWith({ permissions: ['tabs'], origins: [] })
    await said('Tides · harbour.example')
    expect(background.of('approve')).toEqual([])
    expect(document.querySelector('#once')).not.toBeNull()
  })
})

describe('what becomes of it', () => {
  const gone = (status: 'expired' | 'refused' | 'done' | 'failed') => ({
    waiting: [],
    recent: [
      {
        ...{ id: 'cmd_1', action: 'tab.open', title: 'Open a tab', assistant: 'ChatGPT', at: OPEN.receivedAt },
        ...{ hops: {}, summary: '', undoable: false, status },
        ...(status === 'failed' ? { error: { code: 'tab_not_found', message: 'There is no such tab.' } } : {}),
      },
    ],
  })

  it('is shown when its time is over, and stays', async () => {
    const background = opened([OPEN])
    await settle()
    background.tell(gone('expired'))
    await said('The time is over: nothing was done.')
    await vi.advanceTimersByTimeAsync(10_000)
    expect(window.close).not.toHaveBeenCalled()
  })

  it('is shown as over by the clock alone, with no way to allow', async () => {
    opened([{ ...OPEN, expiresAt: new Date(Date.now() + 3_000).toISOString() }])
    await settle()
    await vi.advanceTimersByTimeAsync(4_000)
    await said('The time is over: nothing was done.')
    expect(document.querySelector('#once')).toBeNull()
  })

  it('is shown when it failed', async () => {
    const background = opened([OPEN])
    await settle()
    background.tell(gone('failed'))
    await said('There is no such tab.')
  })

  it('closes the window when it was done and nothing else waits', async () => {
    const background = opened([OPEN])
    await settle()
    background.tell(gone('done'))
    await said('Done')
    await vi.advanceTimersByTimeAsync(3_000)
    expect(window.close).toHaveBeenCalled()
  })

  it('gives way to what has come meanwhile, which takes no answer at first', async () => {
    const background = opened([OPEN])
    await settle()
    background.tell({ ...gone('done'), waiting: [{ ...OPEN, id: 'cmd_2' }] })
    await said('Done')
    await vi.advanceTimersByTimeAsync(2_600)
    expect((await found('#once')).getAttribute('aria-disabled')).toBe('true')
    await settle()
    ;(await found('#once')).click()
    await until(() => expect(background.of('approve')).toEqual([{ id: 'cmd_2', scope: 'once' }]))
    expect(window.close).not.toHaveBeenCalled()
  })

  it('stays where it went wrong, though another one waits', async () => {
    const background = opened([OPEN])
    await settle()
    background.tell({ ...gone('failed'), waiting: [{ ...OPEN, id: 'cmd_2' }] })
    await vi.advanceTimersByTimeAsync(10_000)
    await said('There is no such tab.')
    document.querySelector<HTMLElement>('[aria-label="Next request"]')?.click()
    await found('#once')
  })

  it('says when nothing waits', async () => {
    opened([])
    await said('Nothing waits for you.')
  })
})

describe('several requests', () => {
  const MANY = [1, 2, 3].map((number) => ({ ...OPEN, id: `cmd_${number}` }))

  it('are a queue with its count', async () => {
    opened(MANY, 'cmd_2')
    await said('2 of 3')
    document.querySelector<HTMLElement>('[aria-label="Next request"]')?.click()
    await said('3 of 3')
  })

  it('are refused at once', async () => {
    const background = opened(MANY)
    ;(await button('Refuse all 3')).click()
    await until(() => expect(background.of('refuse')).toHaveLength(3))
  })
})
