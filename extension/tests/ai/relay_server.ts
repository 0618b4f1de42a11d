/** A real HTTP server that streams runs as the relay does, and cuts, refuses and falls silent when told to. */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export const RUN = 'run_01932c07-5a00-7000-8000-000000000001'
const NAME = '01932c075a0070008000000000000001'

export const END = {
  status: 'done',
  code: null,
  message: null,
  finish_reason: 'stop',
  stops_billing: null,
  usage: { prompt_tokens: 12, completion_tokens: 3, source: 'provider' },
  ttft_ms: 70.5,
  duration_ms: 2031.4,
  tokens_per_s: 104,
  retries: 0,
}

export interface Seen {
  method: string
  path: string
  token: string | undefined
  cursor: string | undefined
  body: string
}

type Answer = (request: Seen, response: ServerResponse) => void

export class RelayServer {
  readonly seen: Seen[] = []
  /** Whether the run was stopped. */
  stopped = false
  /** The pieces of the answer. */
  pieces = ['The ', 'sea ', 'is salt.']
  /** What a stream does, one after the other; the last one goes on. Default: the rest of the run and its end. */
  streams: Answer[] = []
  /** Other doors, by `METHOD /path`. */
  doors: Record<string, Answer> = {}
  readonly #server: Server = createServer((request, response) => this.#take(request, response))

  async open(): Promise<string> {
    await new Promise<void>((resolve) => this.#server.listen(0, '127.0.0.1', resolve))
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async close(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }

  json(response: ServerResponse, body: unknown, status = 200): void {
    response.writeHead(status, { 'Content-Type': status < 400 ? 'application/json' : 'application/problem+json' })
    response.end(JSON.stringify(body))
  }

  /** The frames after the cursor, up to `until`; with the end when all are there. */
  write(request: Seen, response: ServerResponse, until = Number.POSITIVE_INFINITY): void {
    if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'text/event-stream' })
    const after = request.cursor === undefined ? -1 : Number(request.cursor.split('-')[1])
    const frames = [
      `id: ${NAME}-0\nevent: run\nretry: 1000\ndata: {"id":"${RUN}","status":"running"}\n\n`,
      ...this.pieces.map((text, n) => `id: ${NAME}-${n + 1}\nevent: token\ndata: ${JSON.stringify({ text })}\n\n`),
    ]
    response.write(frames.slice(after + 1, until + 1).join(''))
    if (until < frames.length) return
    const end = this.stopped ? { ...END, status: 'stopped' } : END
    response.end(`event: ping\ndata: {}\n\nid: ${NAME}-${frames.length}\nevent: end\ndata: ${JSON.stringify(end)}\n\n`)
  }

  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    // As the relay does: pages of extensions may read it (docs/security-model.md).
    response.setHeader('Access-Control-Allow-Origin', '*')
    response.setHeader('Access-Control-Allow-Headers', 'authorization,content-type,last-event-id')
    if (request.method === 'OPTIONS') {
      response.writeHead(204).end()
      return
    }
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk as Buffer)
    const seen: Seen = {
      method: request.method ?? '',
      path: request.url ?? '',
      token: request.headers.authorization?.replace('Bearer ', ''),
      cursor: request.headers['last-event-id'] as string | undefined,
      body: Buffer.concat(chunks).toString(),
    }
    this.seen.push(seen)
    const door = this.doors[`${seen.method} ${seen.path}`]
    if (door) return door(seen, response)
    if (seen.path.endsWith('/stream')) {
      const [stream] = this.streams.length > 1 ? [this.streams.shift()] : this.streams
      return stream ? stream(seen, response) : this.write(seen, response)
    }
    if (seen.path.endsWith('/stop')) {
      this.stopped = true
      return this.json(response, { id: RUN, status: 'stopped', text: '', end: END })
    }
    if (seen.path === '/ai/runs') return this.json(response, { run_id: RUN, provider: 'local', model: 'm' }, 201)
    this.json(response, { code: 'not_found', detail: 'There is nothing here.' }, 404)
  }
}
