// @vitest-environment happy-dom

import { describe, expect, it } from 'vitest'
import { look, lookAhead } from '../../src/ui/first_look.ts'
import { Problem } from '../../src/wire.ts'
import { Background, CONNECTED, until } from './stage.ts'

describe('what is asked ahead', () => {
  it('is asked before anybody looks, given once, and asked anew after that', async () => {
    const background = new Background(CONNECTED)
    lookAhead()
    await until(() => expect(background.of('status')).toHaveLength(1))
    expect(await look()).toEqual(CONNECTED)
    expect(background.of('status')).toHaveLength(1)
    background.overview = { ...CONNECTED, paused: true }
    expect(await look()).toMatchObject({ paused: true })
    expect(background.of('status')).toHaveLength(2)
  })

  it('is not older than what the background told meanwhile', async () => {
    let answer: (overview: unknown) => void = () => undefined
    const background = new Background(CONNECTED, { status: () => new Promise((resolve) => (answer = resolve)) })
    lookAhead()
    await until(() => expect(background.of('status')).toHaveLength(1))
    background.tell({ paused: true })
    answer(CONNECTED)
    expect(await look()).toMatchObject({ paused: true })
  })

  it('tells whoever looks what went wrong, and nobody before', async () => {
    const background = new Background(CONNECTED, {
      status: () => {
        throw new Problem('internal', 'It sleeps.')
      },
    })
    lookAhead()
    await until(() => expect(background.of('status')).toHaveLength(1))
    await expect(look()).rejects.toThrow('It sleeps.')
  })
})
