// @vitest-environment happy-dom
/** The popup: an honest state, pairing in both ways, what waits, a page kept by hand, Undo. */

import { render } from 'preact'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { fakeBrowser } from 'wxt/testing/fake-browser'
import { deviceName } from '../../src/entrypoints/popup/device_name.ts'
import { Popup } from '../../src/entrypoints/popup/popup.tsx'
import type { Activity, Overview, PairingView } from '../../src/face.ts'
import { Problem } from '../../src/wire.ts'
import { Background, button, CONNECTED, found, leave, said, until } from '../ui/stage.ts'

const NEW: Overview = { connection: 'needs_pairing', paused: false, waiting: [], recent: [], daemon: false }
const later = () => new Date(Date.now() + 600_000).toISOString()

beforeEach(() => {
  Object.assign(fakeBrowser.tabs, { query: async () => [{ id: 7 }] })
})

afterEach(leave)

function opened(overview: Overview, answers = {}, language: 'en' | 'de' = 'en'): Background {
  const background = new Background(overview, answers, language)
  render(<Popup />, document.body)
  return background
}

describe('the state', () => {
  it.each([
    ['connected', 'Connected to relay.example'],
    ['connecting', 'Connecting to relay.example'],
    ['offline', 'No connection to relay.example'],
  ] as const)('is said in words: %s', async (connection, words) => {
    opened({ ...CONNECTED, connection })
    await said(words)
  })

  it('follows what the background tells', async () => {
    const background = opened(CONNECTED)
    await said('Connected to')
    background.tell({ connection: 'offline', lastPingAt: new Date(Date.now() - 65_000).toISOString() })
    await said(/No connection to relay\.example.*last heard 1 min \d\D+s ago/)
  })

  it('is said in German', async () => {
    opened(CONNECTED, {}, 'de')
    await said('Verbunden mit relay.example')
  })

  it('gives a problem with its next step, in the language of the browser', async () => {
    const problem = { code: 'relay_unreachable', message: 'It is gone.', next_step: 'Look at the cable.' }
    const background = opened({ ...CONNECTED, problem })
    await said('It is gone. Look at the cable.')
    await leave()
    opened(background.overview, {}, 'de')
    await said('Das Relay ist nicht zu erreichen.')
  })
})

describe('pairing', () => {
  const way = (pairing: Partial<PairingView>): Overview => ({
    ...NEW,
    pairing: { way: 'laptop', relayHost: 'relay.example', expiresAt: later(), state: 'waiting', ...pairing },
  })

  it('with this laptop is one click', async () => {
    const background = opened(NEW)
    ;(await button('Pair with this laptop')).click()
    await until(() => expect(background.of('pairWithLaptop')).toEqual([{ name: deviceName() }]))
  })

  it('shows the number, and asks whether it is the same', async () => {
    const background = opened(way({ state: 'confirm_digits', digits: '483201' }))
    await said('483 201')
    await said('Does the laptop show the same number?')
    ;(await button('Yes, the same')).click()
    await until(() => expect(background.of('confirmDigits')).toEqual([{ match: true }]))
  })

  it('takes a No', async () => {
    const background = opened(way({ state: 'confirm_digits', digits: '483201' }))
    ;(await button('No')).click()
    await until(() => expect(background.of('confirmDigits')).toEqual([{ match: false }]))
  })

  it('with another relay takes its address', async () => {
    const background = opened(NEW)
    const address = await found<HTMLInputElement>('input[type=url]')
    address.value = ' https://relay.example '
    address.dispatchEvent(new Event('input', { bubbles: true }))
    document.querySelector('form')?.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }))
    await until(() =>
      expect(background.of('pairWithRelay')).toEqual([{ relay: 'https://relay.example', name: deviceName() }]),
    )
  })

  it('shows the code big, and copies it', async () => {
    const copy = vi.fn(async () => undefined)
    Object.defineProperty(navigator, 'clipboard', { value: { writeText: copy }, configurable: true })
    opened(way({ way: 'relay', userCode: 'WDJB-MJHT' }))
    expect((await found('output')).textContent).toBe('WDJB-MJHT')
    ;(await button('Copy')).click()
    await said('Copied')
    expect(copy).toHaveBeenCalledWith('WDJB-MJHT')
  })

  it.each([
    ['denied', 'It was refused on the laptop.'],
    ['expired', 'The code has expired.'],
    ['failed', 'Pairing did not work.'],
  ] as const)('that ended says why, and can begin anew: %s', async (state, words) => {
    opened(way({ state }))
    await said(words)
    await button('Pair with this laptop')
  })

  it('says what went wrong at once', async () => {
    opened(NEW, {
      pairWithLaptop: () => {
        throw new Problem('daemon_not_running', 'Deskbell does not run here.', 'Start it.')
      },
    })
    ;(await button('Pair with this laptop')).click()
    await said('Deskbell does not run here. Start it.')
  })
})

describe('the page in front', () => {
  it('is kept by hand, and it is said where', async () => {
    const background = opened(CONNECTED, {
      captureTab: () => ({ title: 'Tides', path: 'Pages/Tides.md', where: 'laptop', characters: 3204 }),
    })
    ;(await button('Keep this page')).click()
    await said('Kept on the laptop as Pages/Tides.md. 3,204 characters')
    expect(background.of('captureTab')).toEqual([{ mode: 'page', tabId: 7 }])
  })

  it('can be kept without any account', async () => {
    const background = opened(NEW, {
      captureTab: () => ({ title: 'Tides', path: 'Tides.md', where: 'browser', characters: 1 }),
    })
    ;(await button('Keep the selection')).click()
    await said('Kept in this browser as Tides.md. 1 character')
    expect(background.of('captureTab')).toEqual([{ mode: 'selection', tabId: 7 }])
  })

  it('says clearly when it cannot be read', async () => {
    opened(CONNECTED, {
      captureTab: () => {
        throw new Problem('page_not_readable', 'The browser lets nobody read this page.')
      },
    })
    ;(await button('Keep this page')).click()
    await said('The browser lets nobody read this page.')
  })
})

describe('commands', () => {
  const DONE: Activity = {
    id: 'cmd_1',
    action: 'page.capture',
    title: 'Capture',
    assistant: 'ChatGPT',
    status: 'done',
    at: new Date().toISOString(),
    hops: { received: '2026-11-24T13:52:01.000000Z', returned: '2026-11-24T13:52:01.431500Z' },
    summary: 'Tides.md',
    undoable: true,
  }

  it('that wait are a button', async () => {
    const waiting = { ...DONE, host: 'chatgpt.com', arguments: {}, expiresAt: later(), receivedAt: later() }
    const background = opened({ ...CONNECTED, waiting: [waiting, { ...waiting, id: 'cmd_2' }] })
    window.close = vi.fn()
    ;(await button('2 requests wait for you')).click()
    await until(() => expect(background.of('openRequests')).toEqual([{ id: 'cmd_1' }]))
  })

  it('say what became of them, how long it took, and are undone', async () => {
    const background = opened({ ...CONNECTED, recent: [DONE] })
    await said(/Read a page and keep it as a note Done.*Tides\.md.*ChatGPT.*· 432\sms/)
    ;(await button('Undo Tides.md')).click()
    await until(() => expect(background.of('undo')).toEqual([{ id: 'cmd_1' }]))
  })

  it('that were refused or expired say so', async () => {
    const refused = { ...DONE, id: 'cmd_2', status: 'refused' as const, undoable: false }
    const expired = { ...DONE, id: 'cmd_3', status: 'expired' as const, undoable: false }
    opened({ ...CONNECTED, recent: [refused, expired] })
    await said('Refused')
    await said('Expired')
    expect([...document.querySelectorAll('button')].some((one) => one.textContent?.startsWith('Undo'))).toBe(false)
  })

  it('whose text is hostile are text', async () => {
    opened({ ...CONNECTED, recent: [{ ...DONE, summary: '<img src=x> \u202egpj', assistant: '<b>x</b>' }] })
    await said('<img src=x> ⟦U+202E⟧gpj')
    expect(document.querySelector('.activity img')).toBeNull()
  })
})

describe('Pause', () => {
  it('is a switch, and says what it does', async () => {
    const background = opened(CONNECTED)
    const pause = await found('[role=switch]')
    expect(pause.getAttribute('aria-checked')).toBe('false')
    pause.click()
    await until(() => expect(background.of('pause')).toEqual([{ paused: true }]))
    background.tell({ paused: true })
    await said('everything that an assistant asks of this browser is refused')
    expect((await found('[role=switch]')).getAttribute('aria-checked')).toBe('true')
  })
})

describe('the name of this browser', () => {
  it.each([
    ['Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'Firefox, Linux'],
    ['Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36 Edg/142.0', 'Edge, Windows'],
    [
      'Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/537.36 Chrome/142.0.0.0 Safari/537.36',
      'Chrome, Mac',
    ],
    ['something', 'Browser'],
  ])('is read from what it says of itself', (agent, name) => {
    expect(deviceName(agent)).toBe(name)
  })
})
