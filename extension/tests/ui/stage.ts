/** What a page stands on in tests: the browser's words, and a background that answers and remembers what was asked. */

import { render } from 'preact'
import { act } from 'preact/test-utils'
import { vi } from 'vitest'
import { fakeBrowser } from 'wxt/testing/fake-browser'
import de from '../../public/_locales/de/messages.json'
import en from '../../public/_locales/en/messages.json'
import type { Overview } from '../../src/face.ts'
import type { Reply, Requests } from '../../src/messages.ts'
import { type Failure, Problem } from '../../src/wire.ts'

type Answers = { [K in keyof Requests]?: (data: Requests[K]['data']) => unknown }

export const CONNECTED: Overview = {
  connection: 'connected',
  relay: 'https://relay.example',
  paused: false,
  waiting: [],
  recent: [],
  daemon: true,
}

type Listener = (message: unknown, sender: unknown, respond: (answer: unknown) => void) => unknown

export class Background {
  readonly asked: { type: string; data: unknown }[] = []
  readonly #listeners = new Set<Listener>()

  constructor(
    public overview: Overview,
    readonly answers: Answers = {},
    language: 'en' | 'de' = 'en',
  ) {
    const words: Record<string, { message: string }> = language === 'en' ? en : de
    Object.assign(fakeBrowser.i18n, {
      getUILanguage: () => language,
      getMessage: (key: string, values: string[] = []) =>
        (words[key]?.message ?? '').replace(/\$([1-9])/g, (_, place) => values[Number(place) - 1] ?? ''),
    })
    const { chrome } = globalThis as unknown as { chrome: { runtime: Record<string, unknown> } }
    chrome.runtime.sendMessage = (message: { type: string; data: unknown }, back: (answer: unknown) => void) => {
      this.#answer(message.type as keyof Requests, message.data).then((res) => back({ res }))
    }
    chrome.runtime.onMessage = {
      addListener: (listener: Listener) => this.#listeners.add(listener),
      removeListener: (listener: Listener) => this.#listeners.delete(listener),
    }
  }

  /** What was asked under that name, in order. */
  of<K extends keyof Requests>(type: K): Requests[K]['data'][] {
    return this.asked.filter((one) => one.type === type).map((one) => one.data as Requests[K]['data'])
  }

  /** The overview changed: every page hears it. */
  tell(change: Partial<Overview>): void {
    this.overview = { ...this.overview, ...change }
    const message = { id: 1, type: 'statusChanged', data: this.overview, timestamp: Date.now() }
    for (const listener of this.#listeners) listener(message, {}, () => undefined)
  }

  async #answer(type: keyof Requests, data: unknown): Promise<Reply<unknown>> {
    this.asked.push({ type, data })
    try {
      const answer = this.answers[type] as ((data: unknown) => unknown) | undefined
      return { ok: true, value: answer ? await answer(data) : type === 'status' ? this.overview : null }
    } catch (error) {
      return { ok: false, problem: failureOf(error) }
    }
  }
}

function failureOf(error: unknown): Failure {
  if (error instanceof Problem) return error.failure
  throw error
}

// A machine that does other things besides is slow, and not wrong.
vi.setConfig({ testTimeout: 20_000 })

/** Until `look` no longer throws. */
export function until<T>(look: () => T | Promise<T>): Promise<T> {
  return vi.waitFor(look, { timeout: 8_000, interval: 20 })
}

/** The page is gone, with all that it listened to. */
export function leave(): Promise<void> {
  return act(() => render(null, document.body))
}

/** The element, as soon as it is on the page. */
export function found<T extends Element = HTMLElement>(selector: string): Promise<T> {
  return until(() => {
    const element = document.querySelector<T>(selector)
    if (element === null) throw new Error(`${selector} is not on the page: ${document.body.innerHTML.slice(0, 2_000)}`)
    return element
  })
}

/** The button with exactly these words, as soon as it is there. */
export function button(words: string): Promise<HTMLButtonElement> {
  return until(() => {
    const all = [...document.querySelectorAll('button')]
    const one = all.find((element) => element.textContent?.trim() === words)
    if (one === undefined)
      throw new Error(`no button "${words}" among ${all.map((each) => each.textContent).join(' | ')}`)
    return one
  })
}

/** Until the page says it. */
export function said(words: string | RegExp): Promise<void> {
  return until(() => {
    const text = document.body.textContent ?? ''
    if (typeof words === 'string' ? !text.includes(words) : !words.test(text))
      throw new Error(`not said: ${words} in ${text}`)
  })
}
