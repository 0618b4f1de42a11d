// Where the background's listeners are: each wakes the bell. All are registered while the worker starts, before
// anything is waited for, or the browser would not wake it for them.

import { browser } from 'wxt/browser'
import { defineBackground } from 'wxt/utils/define-background'
import { PERFORMERS } from '../actions/table.ts'
import { Bell, setAlarm } from '../bell.ts'
import { captureAndSay, makeMenus } from '../hand.ts'
import { sendMessage } from '../messages.ts'
import { receive } from '../reception.ts'

export default defineBackground(() => {
  let starting: Promise<Bell> | null = null

  async function awake(): Promise<Bell> {
    starting ??= Bell.start({
      performers: PERFORMERS,
      tell: (overview) => {
        sendMessage('statusChanged', overview).catch(() => undefined) // no page is open
      },
    })
    try {
      const bell = await starting
      await bell.wake()
      return bell
    } catch (error) {
      starting = null // the database may open next time
      throw error
    }
  }

  function wake(then?: (bell: Bell) => Promise<unknown>): void {
    awake()
      .then(then)
      .catch((error: unknown) => console.error('The bell did not wake.', error))
  }

  receive(awake)
  browser.alarms.onAlarm.addListener(() => wake())
  browser.runtime.onStartup.addListener(() => wake(setAlarm))
  browser.runtime.onInstalled.addListener(() => wake(makeMenus))
  browser.notifications.onClicked.addListener((id) => wake((bell) => bell.eye.clicked(id)))
  browser.notifications.onButtonClicked?.addListener((id) => wake((bell) => bell.eye.button(id)))
  browser.contextMenus.onClicked.addListener((info, tab) => {
    wake((bell) => captureAndSay(bell, info.menuItemId === 'selection' ? 'selection' : 'page', tab?.id))
  })
  browser.commands.onCommand.addListener((command, tab) => {
    if (command === 'capture-page') wake((bell) => captureAndSay(bell, 'page', tab?.id))
  })
  globalThis.addEventListener('online', () => wake((bell) => bell.online()))

  // Alarms are usually kept over a restart, not surely.
  wake(setAlarm)
})
