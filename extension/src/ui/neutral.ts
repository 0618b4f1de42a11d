/** Text from elsewhere, made harmless to read: what would turn the reading order or hides is shown as its number. */

/** Joiners, which emoji and Persian need, and the soft hyphen: they reorder and hide nothing. */
const KEPT_FORMATS = new Set('\u200c\u200d\u00ad')

/** Characters of visible categories that draw nothing, so that text could hide between them. */
const DRAW_NOTHING = new Set('\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0')

const SUSPECT =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]|\u034f|[\u115f\u1160\u2800\u3164\uffa0]|\u17b4|\u17b5|[\u{E0100}-\u{E01EF}]/gu

/**
 * `text` with every control and bidirectional character made visible: ESC as `␛`, U+202E as `⟦U+202E⟧`.
 * The same rules as the daemon's pages have. `lines` keeps line breaks and tabs.
 */
export function neutral(text: unknown, { lines = false } = {}): string {
  return String(text).replace(SUSPECT, (character) => shown(character, lines))
}

function shown(character: string, lines: boolean): string {
  if (KEPT_FORMATS.has(character) || (lines && (character === '\n' || character === '\t'))) return character
  const point = character.codePointAt(0) ?? 0
  if (point < 0x20) return String.fromCharCode(0x2400 + point) // the control pictures
  if (point === 0x7f) return '␡'
  return `⟦U+${point.toString(16).toUpperCase().padStart(4, '0')}⟧`
}

/** Whether `neutral` would change it: a person is told that something hid there. */
export function hides(text: string): boolean {
  for (const character of text) {
    if (DRAW_NOTHING.has(character)) return true
    if (character !== '\n' && character !== '\t' && neutral(character) !== character) return true
  }
  return false
}
