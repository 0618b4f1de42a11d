// A relay over real HTTP that keeps a channel, rotates tokens and can be told to misbehave.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Report } from '../../src/wire.ts'

export const DEVICE = 'dev_01932c07-5a00-7000-8000-000000000001'
export const DAEMON = 'dev_01932c07-5a00-7000-8000-0000000000dd'
export const GRANT = 'gra_01932c07-5a00-7000-8000-000000000001'

export interface Seen {
  method: string
  path: string
  token: string
  cursor: string | undefined
  body: string
}

type Door = (seen: Seen, response: ServerResponse) => unknown

/** Milliseconds as the wire writes them. */
export function instant(ms: number): string {
  return new Date(ms).toISOString().replace('Z', '000Z')
}

/** Waits until `look` gives something; what it waits for is an event of another party. */
export async function until<T>(look: () => T | Promise<T>, what = 'it', ms = 4_000): Promise<NonNullable<T>> {
  const end = Date.now() + ms
  for (;;) {
    const found = await look()
    if (found) return found
    if (Date.now() > end) throw new Error(`${what} did not happen within ${ms} ms`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

export class StandIn {
  url = ''
  readonly seen: Seen[] = []
  readonly results: { id: string; report: Report }[] = []
  readonly progress: { id: string; status: string }[] = []
  /** Access tokens that are good. */
  readonly good = new Set<string>()
  /** The refresh token to show next; the one before it gets the same answer once more. */
  refresh = 'refresh-0'
  devices: { id: string; kind: string; actions: string[]; name?: string }[] = [
    { id: DEVICE, kind: 'extension', actions: [] },
  ]
  /** By `METHOD /path`: what answers instead. */
  doors: Record<string, Door> = {}
  readonly log: { id: string; event: string; data: string }[] = []
  readonly #streams = new Set<ServerResponse>()
  #server: Server
  #port = 0
  #commands = 0
  #epoch = 'e1'

  constructor() {
    this.#server = this.#make()
  }

  get streams(): number {
    return this.#streams.size
  }

  async open(): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(this.#port, '127.0.0.1', resolve))
    this.#port = (this.#server.address() as AddressInfo).port
    this.url = `http://127.0.0.1:${this.#port}`
    return this
  }

  async close(): Promise<void> {
    this.#streams.clear()
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  /** Away, and back at the same address. */
  async restart(): Promise<void> {
    await this.close()
    this.#server = this.#make()
    await this.open()
  }

  /** Cut every stream as a network does. */
  cut(): void {
    for (const stream of this.#streams) stream.destroy()
    this.#streams.clear()
  }

  /** Write to the channel, and to whoever listens. */
  append(event: string, data: unknown): void {
    const entry = { id: `${this.#epoch}-${this.log.length + 1}`, event, data: JSON.stringify(data) }
    this.log.push(entry)
    for (const stream of this.#streams) stream.write(frame(entry.event, entry.data, entry.id))
  }

  /** Say something that is not of the channel. */
  say(event: string, data: unknown): void {
    for (const stream of this.#streams) stream.write(frame(event, JSON.stringify(data)))
  }

  ping(): void {
    this.say('ping', { server_time: instant(Date.now()) })
  }

  command(action: string, args: Record<string, unknown> = {}, more: Record<string, unknown> = {}): string {
    const number = String(++this.#commands).padStart(12, '0')
    const id = `cmd_01932c07-5a00-7000-8000-${number}`
    this.append('command', {
      id,
      action,
      arguments: args,
      device_id: DEVICE,
      assistant: { grant_id: GRANT, name: 'Ideas GPT', host: 'chatgpt.com' },
      received_at: instant(Date.now()),
      expires_at: instant(Date.now() + 600_000),
      ...more,
    })
    return id
  }

  report(id: string): Promise<Report> {
    return until(() => this.results.find((each) => each.id === id)?.report, `the report of ${id}`)
  }

  asked(method: string, path: string): Seen[] {
    return this.seen.filter((each) => each.method === method && each.path === path)
  }

  #make(): Server {
    return createServer((request, response) => {
      void this.#take(request, response)
    })
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const seen: Seen = {
      method: request.method ?? '',
      path: request.url ?? '',
      token: (request.headers.authorization ?? '').replace('Bearer ', ''),
      cursor: request.headers['last-event-id'] as string | undefined,
      body: Buffer.concat(chunks).toString(),
    }
    this.seen.push(seen)
    const door = this.doors[`${seen.method} ${seen.path}`]
    if (door !== undefined) return door(seen, response)
    if (seen.path === '/oauth/token') return this.#rotate(new URLSearchParams(seen.body), response)
    if (seen.path === '/oauth/revoke') return json(response, 200, {})
    if (!this.good.has(seen.token)) return json(response, 401, { code: 'expired_token', detail: 'It has expired.' })
    if (seen.path === '/v1/stream') return this.#stream(seen, response)
    const [, , kind, id = '', deed] = seen.path.split('/')
    if (kind === 'devices') return this.#device(seen, id, response)
    if (kind === 'commands' && deed === 'result') {
      this.results.push({ id, report: JSON.parse(seen.body) })
      return json(response, 200, { id, status: JSON.parse(seen.body).status })
    }
    if (kind === 'commands' && deed === 'progress') {
      this.progress.push({ id, ...JSON.parse(seen.body) })
      return response.writeHead(204).end()
    }
    if (kind === 'commands' && seen.method === 'GET') {
      const hops = { received: instant(1_000), appended: instant(2_000), sent: instant(3_000) }
      return json(response, 200, {
        id,
        action: 'tab.list',
        status: 'done',
        hops: { ...hops, acted: null, returned: null },
      })
    }
    return json(response, 404, { code: 'not_found', detail: 'There is nothing at this address.' })
  }

  #rotate(form: URLSearchParams, response: ServerResponse): unknown {
    const shown = form.get('refresh_token')
    const number = Number(this.refresh.split('-')[1])
    if (shown === this.refresh) this.refresh = `refresh-${number + 1}`
    else if (shown !== `refresh-${number - 1}`) return json(response, 400, { error: 'invalid_grant' })
    const access = `access-${this.refresh}-${this.good.size}`
    this.good.add(access)
    return json(response, 200, {
      access_token: access,
      refresh_token: this.refresh,
      expires_in: 900,
      token_type: 'Bearer',
    })
  }

  #stream(seen: Seen, response: ServerResponse): void {
    response.writeHead(200, { 'Content-Type': 'text/event-stream; charset=utf-8' })
    const after = seen.cursor === undefined ? 0 : Number(seen.cursor.split('-')[1])
    response.write(frame('hello', JSON.stringify(this.hello())))
    for (const entry of this.log.slice(after)) response.write(frame(entry.event, entry.data, entry.id))
    this.#streams.add(response)
    response.on('close', () => this.#streams.delete(response))
  }

  hello(): Record<string, unknown> {
    return {
      wire_version: 1,
      device_id: DEVICE,
      device_name: 'browser',
      server_time: instant(Date.now()),
      heartbeat_s: 15,
      retention_s: 604_800,
      epoch: this.#epoch,
      oldest_seq: 1,
      newest_seq: this.log.length,
    }
  }

  #device(seen: Seen, id: string, response: ServerResponse): unknown {
    if (seen.method === 'GET') return json(response, 200, { devices: this.devices.map(row) })
    if (seen.method === 'DELETE') {
      return response.writeHead(204).end()
    }
    const device = this.devices.find((each) => each.id === id)
    if (device === undefined) return json(response, 404, { code: 'device_not_found', detail: 'There is none.' })
    Object.assign(device, JSON.parse(seen.body))
    return json(response, 200, row(device))
  }
}

function row(device: { id: string; kind: string; actions: string[] }): Record<string, unknown> {
  return { name: 'browser', online: true, rank: 0, created_at: instant(0), ...device }
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body))
}

function frame(event: string, data: string, id?: string): string {
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${data}\n\n`
}
