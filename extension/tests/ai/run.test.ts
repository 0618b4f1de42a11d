/** A run is read to its end, each piece once, whatever happens to the connection. */

import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { AiRelay } from '../../src/ai/relay.ts'
import { follow, type Piece } from '../../src/ai/run.ts'
import { Backoff } from '../../src/link/backoff.ts'
import { END, RelayServer, RUN } from './relay_server.ts'

let server: RelayServer
let relay: AiRelay
let tokens: string[]
const patience = { backoff: new Backoff(5), silenceMs: 2_000 }

beforeEach(async () => {
  server = new RelayServer()
  const address = await server.open()
  tokens = ['first']
  relay = new AiRelay(async () => ({
    relay: address,
    token: tokens.length > 1 ? (tokens.shift() ?? '') : (tokens[0] ?? ''),
  }))
})

afterEach(() => server.close())

async function pieces(signal = new AbortController().signal, more = {}): Promise<Piece[]> {
  const all: Piece[] = []
  for await (const piece of follow(relay, RUN, signal, { ...patience, ...more })) all.push(piece)
  return all
}

const text = (all: Piece[]) => all.map((piece) => (piece.kind === 'text' ? piece.text : '')).join('')

describe('follow', () => {
  it('gives the pieces and the end', async () => {
    const all = await pieces()
    expect(all.map((piece) => piece.kind)).toEqual(['text', 'text', 'text', 'end'])
    expect(text(all)).toBe('The sea is salt.')
    expect(all.at(-1)).toMatchObject({ end: { ttft_ms: 70.5, tokens_per_s: 104, usage: END.usage } })
    expect(server.seen[0]).toMatchObject({ token: 'first', cursor: undefined })
  })

  it('takes up where a connection was cut, and repeats nothing', async () => {
    server.streams = [
      (request, response) => {
        server.write(request, response, 2)
        setTimeout(() => response.destroy(), 30)
      },
      (request, response) => server.write(request, response),
    ]
    const all = await pieces()
    expect(text(all)).toBe('The sea is salt.')
    expect(all.map((piece) => piece.kind)).toEqual(['text', 'text', 'cut', 'back', 'text', 'end'])
    expect(server.seen[1]?.cursor).toBe('01932c075a0070008000000000000001-2')
  })

  it('takes a stream that ends without its end for a cut', async () => {
    server.streams = [
      (request, response) => {
        server.write(request, response, 1)
        response.end()
      },
      (request, response) => server.write(request, response),
    ]
    expect(text(await pieces())).toBe('The sea is salt.')
  })

  it('does not lose the half of an event that was cut', async () => {
    server.streams = [
      (request, response) => {
        server.write(request, response, 1)
        response.write('id: 01932c075a0070008000000000000001-2\nevent: token\ndata: {"text":"se')
        setTimeout(() => response.destroy(), 30)
      },
      (request, response) => server.write(request, response),
    ]
    expect(text(await pieces())).toBe('The sea is salt.')
  })

  it('leaves a stream that has fallen silent', async () => {
    server.streams = [
      (request, response) => server.write(request, response, 1), // and nothing more
      (request, response) => server.write(request, response),
    ]
    expect(text(await pieces(undefined, { silenceMs: 100 }))).toBe('The sea is salt.')
  })

  it('asks for the token again when it is no longer good', async () => {
    tokens = ['old', 'new']
    server.streams = [
      (_, response) => server.json(response, { code: 'expired_token', detail: 'It has expired.' }, 401),
      (request, response) => server.write(request, response),
    ]
    expect(text(await pieces())).toBe('The sea is salt.')
    expect(server.seen.map((request) => request.token)).toEqual(['old', 'new'])
  })

  it('tries again while the relay restarts', async () => {
    server.streams = [
      (_, response) => server.json(response, { code: 'draining', detail: 'It restarts.' }, 503),
      (_, response) => response.writeHead(502).end('<html>Bad gateway</html>'),
      (request, response) => server.write(request, response),
    ]
    expect(text(await pieces())).toBe('The sea is salt.')
  })

  it('gives the rest of a run whose stream is no longer kept', async () => {
    server.streams = [
      (request, response) => {
        server.write(request, response, 2)
        setTimeout(() => response.destroy(), 30)
      },
      (_, response) => server.json(response, { code: 'run_not_resumable', detail: 'It is not kept.' }, 410),
    ]
    server.doors[`GET /ai/runs/${RUN}`] = (_, response) =>
      server.json(response, { id: RUN, status: 'done', text: 'The sea is salt.', end: END })
    const all = await pieces()
    expect(text(all)).toBe('The sea is salt.')
    expect(all.at(-1)?.kind).toBe('end')
  })

  it('says what the relay says when there is no such run', async () => {
    server.streams = [(_, response) => server.json(response, { code: 'run_not_found', detail: 'No such run.' }, 404)]
    await expect(pieces()).rejects.toMatchObject({ code: 'run_not_found', message: 'No such run.' })
    expect(server.seen).toHaveLength(1)
  })

  it('gives up when nothing comes at all, and says so', async () => {
    await server.close()
    const began = pieces(undefined, { backoff: new Backoff(1, 1) })
    await expect(began).rejects.toMatchObject({ code: 'relay_unreachable' })
    await server.open() // for the close after the test
  })

  it.each([
    ['an event that is no JSON', 'event: token\ndata: {\n\n'],
    ['a token without text', 'event: token\ndata: {"text":7}\n\n'],
    ['an end without usage', 'event: end\ndata: {"status":"done","duration_ms":1}\n\n'],
    ['an end of another status', `event: end\ndata: ${JSON.stringify({ ...END, status: 'bought' })}\n\n`],
  ])('does not believe a relay that sends %s', async (_, frame) => {
    server.streams = [
      (_, response) => {
        response.writeHead(200, { 'Content-Type': 'text/event-stream' })
        response.end(frame)
      },
    ]
    await expect(pieces()).rejects.toMatchObject({ code: 'internal' })
  })

  it('ends when the one who reads looks away, and stops nothing', async () => {
    server.streams = [(request, response) => server.write(request, response, 1)]
    const leaving = new AbortController()
    const all: Piece[] = []
    for await (const piece of follow(relay, RUN, leaving.signal, patience)) {
      all.push(piece)
      leaving.abort()
    }
    expect(all).toEqual([{ kind: 'text', text: 'The ' }])
    expect(server.stopped).toBe(false)
  })
})

describe('AiRelay', () => {
  it('lists who can be asked', async () => {
    const offered = { name: 'local', title: 'Local', model: 'm', models: ['m', 'n'], stops_billing: null }
    server.doors['GET /ai/providers'] = (_, response) => server.json(response, { providers: [offered] })
    expect(await relay.providers()).toEqual([offered])
  })

  it('starts a run with the whole conversation', async () => {
    const messages = [{ role: 'user' as const, content: 'Why?' }]
    expect(await relay.start({ provider: 'local', model: 'm', messages })).toBe(RUN)
    expect(JSON.parse(server.seen[0]?.body ?? '')).toEqual({ provider: 'local', model: 'm', messages })
  })

  it('passes on a problem with its next step', async () => {
    server.doors['POST /ai/runs'] = (_, response) =>
      server.json(response, { code: 'rate_limited', detail: 'Too many.', next_step: 'Wait 9 s.' }, 429)
    await expect(relay.start({ provider: 'x', messages: [] })).rejects.toMatchObject({
      code: 'rate_limited',
      nextStep: 'Wait 9 s.',
    })
  })

  it('does not follow a run id that is a path', async () => {
    server.doors['POST /ai/runs'] = (_, response) => server.json(response, { run_id: '../../oauth/token' }, 201)
    await expect(relay.start({ provider: 'x', messages: [] })).rejects.toMatchObject({ code: 'internal' })
  })
})
