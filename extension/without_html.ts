// Takes the one place out of Preact that would parse an HTML string (`dangerouslySetInnerHTML`), so that none of our pages
// can, whatever is written in them later. A Preact in which it is not found any more breaks the build.

interface Plugin {
  name: string
  transform(code: string, id: string): { code: string; map: null } | null
}

const ASSIGNMENT = /\b\w+\.innerHTML\s*=(?!=)\s*\w+\.__html/g

export function withoutHtml(): Plugin {
  return {
    name: 'deskbell:without-html',
    transform(code, id) {
      if (!/\/preact\/dist\/preact\.m?js$/.test(id.split('?')[0] ?? '')) return null
      const found = code.match(ASSIGNMENT)?.length ?? 0
      if (found !== 1)
        throw new Error(`Preact assigns innerHTML in ${found} places, not in 1: look at without_html.ts.`)
      return { code: code.replace(ASSIGNMENT, 'void 0'), map: null }
    },
  }
}
