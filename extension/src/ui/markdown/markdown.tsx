/**
 * Markdown from an assistant, a model or a captured page, shown so that it can do nothing.
 *
 * Elements are built one by one from an allow-list; no HTML string is ever parsed. HTML in the text is shown as text,
 * an image is a link to itself, a link shows its host, and only http, https and mailto can be followed.
 */

import type { Token, Tokens } from 'marked'
import { type ComponentChildren, Fragment } from 'preact'
import { useMemo, useRef } from 'preact/hooks'
import { neutral } from '../neutral.ts'
import { address, says } from './address.ts'
import { blocks, GrowingBlocks } from './blocks.ts'
import { decoded } from './entities.ts'

/** Deeper ones are shown as they are written. */
const MOST_LEVELS = 24

/** `growing`: more text will come; half a mark at its end is not shown. */
export function Markdown({ text, growing = false }: { text: string; growing?: boolean }) {
  const written = useRef<GrowingBlocks | null>(null)
  const found = useMemo(() => {
    if (!growing) return blocks(text)
    written.current ??= new GrowingBlocks()
    return written.current.grow(text)
  }, [text, growing])
  if (found === null) return <pre class="plain">{neutral(text, { lines: true })}</pre>
  return (
    <div class="markdown" dir="auto">
      {each(found, { level: 0, linked: false })}
    </div>
  )
}

/** Where a token stands: how deep, and whether in a link, which holds no other one. */
interface Place {
  level: number
  linked: boolean
}

function each(tokens: readonly Token[] | undefined, at: Place): ComponentChildren {
  return tokens?.map((token, number) => <Fragment key={number}>{shown(token as Tokens.Generic, at)}</Fragment>)
}

function plain(text: string): string {
  return neutral(decoded(text), { lines: true })
}

/** One token of the parser; what is not in this list is shown as it is written. */
function shown(token: Tokens.Generic, at: Place): ComponentChildren {
  if (at.level > MOST_LEVELS) return neutral(token.raw, { lines: true })
  const below = { ...at, level: at.level + 1 }
  const inside = () => each(token.tokens, below)
  switch (token.type) {
    case 'space':
    case 'def':
      return null
    case 'heading':
      return <Heading depth={token.depth}>{inside()}</Heading>
    case 'paragraph':
      return <p>{inside()}</p>
    case 'text':
      return token.tokens ? inside() : plain(token.text)
    case 'escape':
      return neutral(token.text)
    case 'strong':
      return <strong>{inside()}</strong>
    case 'em':
      return <em>{inside()}</em>
    case 'del':
      return <del>{inside()}</del>
    case 'br':
      return <br />
    case 'hr':
      return <hr />
    case 'codespan':
      return <code>{neutral(token.text)}</code>
    case 'code':
      return <Code text={token.text} language={token.lang} />
    case 'blockquote':
      return <blockquote>{inside()}</blockquote>
    case 'list':
      return <List list={token as Tokens.List} at={below} />
    case 'checkbox':
      return <input type="checkbox" checked={token.checked === true} disabled />
    case 'table':
      return <Table table={token as Tokens.Table} at={below} />
    case 'link':
      if (at.linked) return inside()
      return <Link href={token.href} text={token.text} inside={each(token.tokens, { ...below, linked: true })} />
    case 'image':
      return <Image href={token.href} text={token.text} linked={at.linked} />
    default:
      return neutral(token.raw, { lines: true })
  }
}

/** One step below the page's own headings, of which there is one. */
function Heading({ depth, children }: { depth: number; children: ComponentChildren }) {
  const Level = (['h2', 'h3', 'h4', 'h5', 'h6'] as const)[Math.min(Math.max(depth, 1), 5) - 1] ?? 'h6'
  return <Level>{children}</Level>
}

function Code({ text, language }: { text: string; language: string | undefined }) {
  const name = neutral((language ?? '').split(/\s/)[0] ?? '').slice(0, 40)
  return (
    // A long line is scrolled, so the box takes the focus: the keyboard must reach it too.
    // biome-ignore lint/a11y/noNoninteractiveTabindex: see above
    <pre tabIndex={0} data-language={name || undefined} dir="ltr">
      <code>{neutral(text, { lines: true })}</code>
    </pre>
  )
}

function List({ list, at }: { list: Tokens.List; at: Place }) {
  const items = list.items.map((item, place) => (
    <li key={place} class={item.task ? 'task' : undefined}>
      {each(item.tokens, at)}
    </li>
  ))
  if (!list.ordered) return <ul>{items}</ul>
  return <ol start={typeof list.start === 'number' ? list.start : 1}>{items}</ol>
}

function Table({ table, at }: { table: Tokens.Table; at: Place }) {
  const row = (cells: Tokens.TableCell[], Cell: 'th' | 'td') =>
    cells.map((cell, place) => (
      <Cell key={place} scope={Cell === 'th' ? 'col' : undefined} class={cell.align ?? undefined}>
        {each(cell.tokens, at)}
      </Cell>
    ))
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a wide table is scrolled, by keyboard too
    <div class="table" tabIndex={0}>
      <table>
        <thead>
          <tr>{row(table.header, 'th')}</tr>
        </thead>
        <tbody>
          {table.rows.map((cells, place) => (
            <tr key={place}>{row(cells, 'td')}</tr>
          ))}
        </tbody>
      </table>
    </div>
  )
}

function Link({ href, text, inside }: { href: string; text: string; inside: ComponentChildren }) {
  const where = address(href)
  if (where === null) return <>{inside}</>
  return (
    <>
      <a href={where.href} target="_blank" rel="noopener noreferrer nofollow" title={neutral(where.href)}>
        {inside}
      </a>
      {says(text, where) ? null : <span class="host"> ({where.host})</span>}
    </>
  )
}

/** Not loaded: a picture's address tells its server who reads it, and when. */
function Image({ href, text, linked }: { href: string; text: string; linked: boolean }) {
  const where = address(href)
  const name = plain(text).trim()
  if (where === null || linked || where.href.startsWith('mailto:')) return <>{name}</>
  return <Link href={where.href} text="" inside={<>🖼 {name || where.host}</>} />
}
