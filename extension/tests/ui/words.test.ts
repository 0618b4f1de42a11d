/** Every word that is used is there in every language, and none is there that nobody uses. */

import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import de from '../../public/_locales/de/messages.json'
import en from '../../public/_locales/en/messages.json'

const ROOT = join(import.meta.dirname, '../..')

function sources(folder: string): string {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(tsx?|html)$/.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'utf8'))
    .join('\n')
}

const SOURCE = `${sources(join(ROOT, 'src'))}\n${readFileSync(join(ROOT, 'wxt.config.ts'), 'utf8')}`

const LANGUAGES: Record<string, Record<string, { message: string }>> = { de, en }

function placeholders(message: string): string[] {
  return [...new Set(message.match(/\$[1-9]/g) ?? [])].sort()
}

describe.each(Object.entries(LANGUAGES))('the words in %s', (_, words) => {
  it('are the same as in English, with the same values', () => {
    expect(Object.keys(words).sort()).toEqual(Object.keys(en).sort())
    for (const [key, { message }] of Object.entries(words)) {
      expect(message.trim(), key).not.toBe('')
      expect(placeholders(message), key).toEqual(placeholders((en as typeof words)[key]?.message ?? ''))
      expect(message, `${key}: a $ that is no value would be lost`).not.toMatch(/\$(?![1-9])/)
    }
  })
})

describe('a word', () => {
  it.each(Object.keys(en))('is used: %s', (key) => {
    const stem = key.replace(/_(one|other)$/, '')
    const used = [key, stem].some((one) => SOURCE.includes(`'${one}'`) || SOURCE.includes(`__MSG_${one}__`))
    expect(used).toBe(true)
  })

  it.each([...SOURCE.matchAll(/__MSG_([a-z_]+)__/g)].map((match) => match[1]))('of the manifest exists: %s', (key) => {
    expect(Object.keys(en)).toContain(key)
  })

  it.each([...SOURCE.matchAll(/\bcounted\('([a-z_]+)'/g)].map((match) => match[1]))(
    'is counted in both forms: %s',
    (stem) => {
      expect(Object.keys(en)).toEqual(expect.arrayContaining([`${stem}_one`, `${stem}_other`]))
    },
  )
})
