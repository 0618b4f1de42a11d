// Takes every place out of our libraries that would parse an HTML string, so that nothing of ours can, whatever is written
// later. Each stands here word for word: in a version that says it in other words, the build breaks.

interface Plugin {
  name: string
  transform(code: string, id: string): { code: string; map: null } | null
}

interface Rewrite {
  file: RegExp
  /** What is there, and what stands there instead; each exactly once. */
  places: readonly (readonly [RegExp, string])[]
}

const REWRITES: readonly Rewrite[] = [
  {
    // `dangerouslySetInnerHTML`, which none of our pages uses.
    file: /\/preact\/dist\/preact\.m?js$/,
    places: [[/\b\w+\.innerHTML\s*=(?!=)\s*\w+\.__html/g, 'void 0']],
  },
  {
    file: /\/@mozilla\/readability\/Readability\.js$/,
    places: [
      // It goes back to the page as it was when it has cut too much: a copy of the elements does, without their text.
      [/var pageCacheHtml = page\.innerHTML;/g, 'var pageCacheHtml = page.cloneNode(true);'],
      [/page\.innerHTML = pageCacheHtml;/g, 'page.replaceChildren(...pageCacheHtml.cloneNode(true).childNodes);'],
      // What stands in a <noscript> is not in the copy that is read (src/capture/snapshot.ts).
      [/tmp\.innerHTML = noscript\.innerHTML;/g, ''],
    ],
  },
]

export function withoutHtml(): Plugin {
  return {
    name: 'deskbell:without-html',
    transform(code, id) {
      const path = id.split('?')[0] ?? ''
      const rewrite = REWRITES.find(({ file }) => file.test(path))
      if (rewrite === undefined) return null
      let rewritten = code
      for (const [place, instead] of rewrite.places) {
        const found = rewritten.match(place)?.length ?? 0
        if (found !== 1) throw new Error(`${path} has ${place} in ${found} places, not in 1: look at without_html.ts.`)
        rewritten = rewritten.replace(place, instead)
      }
      return { code: rewritten, map: null }
    },
  }
}
