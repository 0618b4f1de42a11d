/** Character references in Markdown (CommonMark 6.2 "Entity and numeric character references"). */

// The ones that models and captured pages write; a rarer one stays as it was written. No HTML parser is asked,
// since all that take a string are sinks of Trusted Types.
const NAMED: Readonly<Record<string, string>> = {
  amp: '&',
  lt: '<',
  gt: '>',
  quot: '"',
  apos: "'",
  nbsp: '\u00a0',
  copy: '©',
  reg: '®',
  trade: '™',
  hellip: '…',
  mdash: '—',
  ndash: '–',
  lsquo: '‘',
  rsquo: '’',
  ldquo: '“',
  rdquo: '”',
  laquo: '«',
  raquo: '»',
  bdquo: '„',
  sbquo: '‚',
  bull: '•',
  middot: '·',
  times: '×',
  divide: '÷',
  plusmn: '±',
  deg: '°',
  micro: 'µ',
  para: '¶',
  sect: '§',
  euro: '€',
  pound: '£',
  yen: '¥',
  cent: '¢',
  larr: '←',
  rarr: '→',
  uarr: '↑',
  darr: '↓',
  le: '≤',
  ge: '≥',
  ne: '≠',
  asymp: '≈',
  infin: '∞',
  frac12: '½',
  frac14: '¼',
  frac34: '¾',
  auml: 'ä',
  ouml: 'ö',
  uuml: 'ü',
  Auml: 'Ä',
  Ouml: 'Ö',
  Uuml: 'Ü',
  szlig: 'ß',
  eacute: 'é',
  egrave: 'è',
  agrave: 'à',
  ccedil: 'ç',
}

/** `text` with its references replaced. A number that is no character becomes U+FFFD, as the standard says. */
export function decoded(text: string): string {
  return text.replace(
    /&(?:#[xX]([0-9a-fA-F]{1,6})|#([0-9]{1,7})|([A-Za-z][A-Za-z0-9]{1,7}));/g,
    (whole, hex, ten, name) => {
      if (name !== undefined) return NAMED[name] ?? whole
      const point = hex === undefined ? Number.parseInt(ten, 10) : Number.parseInt(hex, 16)
      const character = point > 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff)
      return character ? String.fromCodePoint(point) : '\ufffd'
    },
  )
}
