// Injected into a tab for one capture: leaves the function there that the next call runs. In the extension's own world.

import { defineUnlistedScript } from 'wxt/utils/define-unlisted-script'
import { capture } from '../capture/capture.ts'

export default defineUnlistedScript(() => {
  Object.assign(globalThis, { deskbellCapture: capture })
})
