// Pictures of every screen of the extension, to be looked at: `npm run build && node scripts/pictures/pictures.mjs [NAME …]`.
// They lie in .output/pictures, each in light and dark, English and German. `--ship` writes the README's ones to
// docs/pictures. The extension is the real one, in a real Chromium; only what the background says is given.
import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { strToU8, zipSync } from 'fflate'
import { chromium } from 'playwright-core'
import { smaller } from './png.mjs'
import { PROVIDERS, REPLIES, SCENES } from './scenes.mjs'

const EXTENSION = fileURLToPath(new URL('../../.output/chrome-mv3', import.meta.url))
const LOOK = fileURLToPath(new URL('../../.output/pictures', import.meta.url))
const SHIP = fileURLToPath(new URL('../../../docs/pictures', import.meta.url))
const MOST_BYTES = 60_000

const names = process.argv.slice(2).filter((one) => !one.startsWith('--'))
const ship = process.argv.includes('--ship')

/** Runs in the page, before its own script. */
function stage({ scene, replies, providers }) {
  if (!globalThis.chrome?.runtime) return // about:blank, on the way
  const answer = (type) => (type === 'status' ? scene.overview : (replies[type] ?? null))
  chrome.runtime.sendMessage = (message, back) => {
    setTimeout(() => back({ res: { ok: true, value: answer(message.type) } }))
    return undefined
  }
  chrome.runtime.onMessage.addListener = () => undefined // the real background has another story to tell
  if (scene.tab) {
    chrome.tabs.get = async () => scene.tab
  }
  const real = window.fetch
  window.fetch = async (address, init) => {
    if (!String(address).includes('/ai/providers')) return real(address, init)
    return new Response(JSON.stringify({ providers }), { headers: { 'Content-Type': 'application/json' } })
  }
}

/** By the page itself, as a person does; on a profile of its own. */
async function write(page, id, notes) {
  await page.goto(`chrome-extension://${id}/notes.html`)
  await page.locator('#new').waitFor()
  if ((await page.locator('.list button').count()) > 0) return
  const files = notes.map(({ title, folder, tags, body }) => ({
    name: `${folder ? `${folder}/` : ''}${title}.md`,
    text: `---\ntitle: ${title}\ntags: [${tags.join(', ')}]\n---\n\n${body}`,
  }))
  const zip = zipSync(Object.fromEntries(files.map(({ name, text }) => [name, strToU8(text)])))
  await page.locator('#files').setInputFiles({ name: 'n.zip', mimeType: 'application/zip', buffer: Buffer.from(zip) })
  await page.locator('.list button').nth(notes.length - 1).waitFor()
}

async function picture(context, id, name, scene, scheme, folder, language) {
  const page = await context.newPage()
  await page.setViewportSize({ width: scene.width, height: scene.height })
  await page.emulateMedia({ colorScheme: scheme, reducedMotion: 'reduce' })
  const troubles = []
  page.on('console', (line) => line.type() === 'error' && troubles.push(line.text()))
  page.on('pageerror', (error) => troubles.push(String(error)))
  await page.addInitScript(stage, { scene, replies: REPLIES, providers: PROVIDERS })
  if (scene.turns) {
    await page.goto(`chrome-extension://${id}/popup.html`)
    await page.evaluate((turns) => chrome.storage.session.set({ 'chat.turns': turns }), scene.turns)
  }
  if (scene.notes) {
    await write(page, id, scene.notes)
    await page.goto('about:blank')
  }
  await page.goto(`chrome-extension://${id}/${scene.page}`)
  await page.getByRole('heading').first().waitFor()
  if (scene.room) await page.locator(`#tab-${scene.room}`).click()
  if (scene.act) await scene.act(page)
  await page.waitForTimeout(900) // what settles has settled
  const path = join(folder, ship ? `extension-${name}.png` : `${name}-${language}-${scheme}.png`)
  await page.screenshot({ path, fullPage: scene.page !== 'sidepanel.html' })
  if (ship) await writeFile(path, smaller(await readFile(path)))
  const { size } = await stat(path)
  const wide = await page.evaluate(() => document.documentElement.scrollWidth > document.documentElement.clientWidth)
  await page.close()
  console.log(`${path}: ${size} bytes${wide ? ', WIDER THAN THE WINDOW' : ''}${troubles.map((one) => `\n  ${one}`).join('')}`)
  if (troubles.length > 0 || wide || (ship && size > MOST_BYTES)) process.exitCode = 1
}

async function run(language, schemes) {
  const folder = ship ? SHIP : LOOK
  await mkdir(folder, { recursive: true })
  const profile = await mkdtemp(join(tmpdir(), 'deskbell-pictures-'))
  const context = await chromium.launchPersistentContext(profile, {
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    headless: true,
    env: { ...process.env, LANGUAGE: language },
    locale: language,
    args: [
      '--no-sandbox',
      '--headless=new',
      `--lang=${language}`,
      `--disable-extensions-except=${EXTENSION}`,
      `--load-extension=${EXTENSION}`,
    ],
    ignoreDefaultArgs: ['--disable-extensions'],
  })
  try {
    const worker = context.serviceWorkers()[0] ?? (await context.waitForEvent('serviceworker'))
    const id = new URL(worker.url()).host
    for (const [name, scene] of Object.entries(SCENES)) {
      if (names.length > 0 ? !names.includes(name) : ship && !scene.shipped) continue
      for (const scheme of schemes) await picture(context, id, name, scene, scheme, folder, language)
    }
  } finally {
    await context.close()
    await rm(profile, { recursive: true, force: true })
  }
}

if (ship) await run('en', ['light'])
else {
  await run('en', ['light', 'dark'])
  await run('de', ['light'])
}
