// From an event on the stream to the organ that it concerns. Whatever a relay sends, nothing here fails for good.

import { Misfit, type Reader, readJson } from '../shape.ts'
import * as wire from '../wire.ts'
import type { RelayClock } from './clock.ts'
import type { ServerSentEvent } from './decoder.ts'
import { StreamEnd } from './source.ts'

/** The gate, as the stream sees it. */
export interface Receiver {
  receive(command: wire.Command, cursor: string | null): Promise<void>
  reject(id: string | null, cursor: string | null): Promise<void>
  skip(cursor: string | null): Promise<void>
  cancel(id: string): Promise<void>
}

export interface EventsParts {
  deviceId: string
  receiver: Receiver
  clock: RelayClock
  /** The stream is this device's own, and live. */
  greeted(): void
  /** The relay was heard: `hello` or `ping`. */
  heard(): void
  /** Devices or grants of the account may have changed. */
  accountChanged(): void
  /** The relay no longer keeps some events that were for this device: they are lost. */
  missed(): void
}

const CURSOR = /^[A-Za-z0-9]{1,32}-(0|[1-9][0-9]{0,18})$/
const REPLACED_MS = 30_000
const MOST_WAIT_S = 600

export class Events {
  readonly #parts: EventsParts
  #moved: string | null = null

  constructor(parts: EventsParts) {
    this.#parts = parts
  }

  /**
   * Handle `events` in order; resolves when each has had its effect, or is recorded, and the cursor is past it.
   * Throws StreamEnd at `bye`; what the disk throws, too: then the cursor has not moved past them.
   */
  async take(events: readonly ServerSentEvent[]): Promise<void> {
    let cursor: string | null = null
    for (const event of events) {
      cursor = CURSOR.test(event.lastEventId) ? event.lastEventId : null
      try {
        await this.#handle(event, cursor)
      } catch (error) {
        if (!(error instanceof Misfit)) throw error
        console.warn(`An event ${event.event.slice(0, 40)} was not understood: ${error.message}`)
      }
    }
    if (cursor === null || cursor === this.#moved) return
    await this.#parts.receiver.skip(cursor)
    this.#moved = cursor
  }

  async #handle({ event, data }: ServerSentEvent, cursor: string | null): Promise<void> {
    const { receiver, clock, greeted, heard, accountChanged, missed } = this.#parts
    switch (event) {
      case 'hello':
        this.#hello(readJson(wire.hello, data))
        greeted()
        heard()
        return
      case 'ping':
        clock.hear(readJson(wire.ping, data).server_time)
        heard()
        return
      case 'command':
        await this.#command(data, cursor)
        this.#moved = cursor // in one transaction with the command
        return
      case 'cancel':
        await receiver.cancel(readJson(wire.cancellation, data).id)
        return
      case 'approval':
        readJson(wire.approval, data)
        accountChanged()
        return
      case 'gap':
        readJson(wire.gap, data)
        missed()
        return
      case 'reset':
        readJson(wire.reset, data)
        return // replay begins at the oldest; what was seen is known by its id
      case 'bye':
        throw end(readJson(wire.bye, data))
      default:
        return
    }
  }

  #hello(hello: wire.Hello): void {
    if (hello.device_id !== this.#parts.deviceId) {
      throw new wire.Problem('relay_unreachable', `The relay takes this browser for ${hello.device_id}.`)
    }
    this.#parts.clock.hear(hello.server_time)
  }

  async #command(data: string, cursor: string | null): Promise<void> {
    let command: wire.Command
    try {
      command = readJson(wire.command, data)
    } catch (error) {
      if (!(error instanceof Misfit)) throw error
      await this.#parts.receiver.reject(idOf(data), cursor)
      return
    }
    await this.#parts.receiver.receive(command, cursor)
  }
}

function end(bye: wire.Bye): StreamEnd {
  const within = Math.min(Math.max(bye.reconnect_within_s, 0), MOST_WAIT_S) * 1_000
  // Somebody else is this device too: do not fight at full speed.
  const most = bye.reason === 'replaced' ? Math.max(within, REPLACED_MS) : within
  return new StreamEnd(`The relay ended the stream: ${bye.reason}.`, Math.random() * most)
}

const onlyId: Reader<{ id: string }> = wire.cancellation

function idOf(data: string): string | null {
  try {
    return readJson(onlyId, data).id
  } catch (error) {
    if (!(error instanceof Misfit)) throw error
    return null
  }
}
