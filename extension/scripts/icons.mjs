// Draws art/icon.svg into public/icon/*.png, in the sizes that browsers ask for: `node scripts/icons.mjs`.
import { readFile, writeFile } from 'node:fs/promises'
import { chromium } from 'playwright-core'

const SIZES = [16, 32, 48, 128]
const drawing = await readFile(new URL('../art/icon.svg', import.meta.url), 'utf8')
const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] })
try {
  for (const size of SIZES) {
    const page = await browser.newPage({ viewport: { width: size, height: size } })
    await page.setContent(`<style>body{margin:0}svg{display:block;width:${size}px;height:${size}px}</style>${drawing}`)
    const picture = await page.screenshot({ omitBackground: true })
    await writeFile(new URL(`../public/icon/${size}.png`, import.meta.url), picture)
    await page.close()
  }
} finally {
  await browser.close()
}
