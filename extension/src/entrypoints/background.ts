// Where everything of the background is wired; nothing else happens here.

import { defineBackground } from 'wxt/utils/define-background'

export default defineBackground(() => {})
