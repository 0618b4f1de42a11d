// A page's text without what a person cannot see: marks that turn the reading order, and characters that draw nothing.

/** Controls but tab and line feed; bidirectional marks; what draws nothing; the tag block, in which text can hide. */
const UNSEEN = new RegExp(
  `[${[
    '\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f',
    '\\u061c\\u200e\\u200f\\u202a-\\u202e\\u2066-\\u2069',
    '\\u034f\\u115f\\u1160\\u17b4\\u17b5\\u180e\\u200b\\u2060-\\u2065\\u206a-\\u206f\\u2800\\u3164\\ufeff\\uffa0\\ufff9-\\ufffb',
    '\\u{e0000}-\\u{e007f}',
  ].join('')}]`,
  'gu',
)

/** One variation selector says how a character is drawn; a run of them says something to a machine alone. */
const SELECTORS = /([\ufe00-\ufe0f\u{e0100}-\u{e01ef}])(?:[\ufe00-\ufe0f]|[\u{e0100}-\u{e01ef}])+/gu

const LINE_ENDS = /\r\n?|[\u0085\u2028\u2029]/g

const LONE_SURROGATES = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g

/** `text` as it is read, with `\n` line ends; joiners (emoji, Persian) and the soft hyphen stay. */
export function seen(text: string): string {
  return text.replace(LINE_ENDS, '\n').replace(LONE_SURROGATES, '\ufffd').replace(UNSEEN, '').replace(SELECTORS, '$1')
}

/** The same on one line, at most `most` UTF-16 units of it. */
export function line(text: string, most = 300): string {
  const whole = seen(text.slice(0, most * 4))
    .replace(/\s+/g, ' ')
    .trim()
  return whole.length <= most
    ? whole
    : `${whole
        .slice(0, most - 1)
        .replace(LONE_SURROGATES, '')
        .trimEnd()}…`
}
