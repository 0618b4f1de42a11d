// A note as text: its content with its parts out, and what it becomes when it is changed.

import { Problem } from '../wire.ts'
import { type Block, find } from './front_matter.ts'
import { short, stem } from './names.ts'
import { characters, digest } from './points.ts'
import { appended, headings, section, sectionReplaced, sectionWith, textReplaced } from './sections.ts'

/** What a write answers. */
export interface NoteRef {
  path: string
  title: string
  version: string
  characters: number
  created: boolean
}

export class Document {
  private constructor(
    readonly path: string,
    readonly content: string,
    readonly block: Block,
    /** SHA-256 of the content, hexadecimal. */
    readonly digest: string,
  ) {}

  static async of(path: string, content: string): Promise<Document> {
    return new Document(path, content, find(content), await digest(content))
  }

  get version(): string {
    return this.digest.slice(0, 16)
  }

  get title(): string {
    return this.block.meta.title ?? stem(this.path)
  }

  /** The text below the front matter, with `\n` line ends. */
  get text(): string {
    return this.content.slice(this.block.textAt).replaceAll('\r\n', '\n')
  }

  headings(): string[] {
    return headings(this.content, this.block.headingsAt).map((heading) => heading.title)
  }

  /** The section under `heading` with the heading itself. Throws Problem `heading_not_found`. */
  section(heading: string): string {
    const part = section(this.content, heading, this.block.headingsAt)
    return this.content.slice(part.heading.start, part.end).replaceAll('\r\n', '\n')
  }

  ref(created: boolean): NoteRef {
    return { path: this.path, title: this.title, version: this.version, characters: characters(this.text), created }
  }

  /** Throws Problem `version_conflict` when this is not the version that the caller read. */
  require(version: string): void {
    if (this.version === version) return
    throw new Problem(
      'version_conflict',
      `${short(this.path)} has version ${this.version} now, not ${version}; nothing was changed.`,
    )
  }

  /** The content with `text` at its end, or at the end of a section. */
  withAddition(text: string, heading: string | null): string {
    if (heading !== null) {
      const part = section(this.content, heading, this.block.headingsAt, true)
      return sectionWith(this.content, part, text, this.newline)
    }
    const at = this.block.textAt
    return this.content.slice(0, at) + appended(this.content.slice(at), text, this.newline)
  }

  withSection(heading: string, replacement: string): string {
    const part = section(this.content, heading, this.block.headingsAt, true)
    return sectionReplaced(this.content, part, replacement, this.newline)
  }

  withReplaced(find: string, replacement: string): string {
    return textReplaced(this.content, find, replacement, this.block.textAt, this.newline)
  }

  /** The line end that this note uses. */
  private get newline(): string {
    const first = this.content.indexOf('\n')
    return first > 0 && this.content[first - 1] === '\r' ? '\r\n' : '\n'
  }
}
