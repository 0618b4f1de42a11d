import { defineConfig } from 'wxt'
import { withoutHtml } from './without_html.ts'

// The public half of a key whose private half was thrown away: it gives the extension the same id wherever it is
// loaded in Chromium, eilhcdfoaojihffhbenckedmijgjigpe, so that the daemon can tell it from every other one.
const KEY =
  'MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAw/+ep+1VvOGcsNDEpldG65WQeFVFoY+Ksvoj7KcykbXGSHABpa1+OK6a4akFP8Euld1u' +
  'dgFtqvqLH/KbnUdma3vF+t0/bOS0dXZzQl3uFXwdFfeI+06/zHsFnWVX6rMI7uK6TyZqV0cbcPS0z3M42DgSU35QzJU1FMkrSOSvXH66UzjcdOqS' +
  'qFj94VnRpPUCwGabHA7NiT7Wg03+DS4OPS0YRcCfZu7zQbhWugr7yhldSk8V4tiWqo9xuXhypRFGeePL1PmEI5+rn7TMczi+/6VfKqUzhUecRuwy' +
  'v27NdkDKeSt6QYeIugeWUNyHE4PHiFdbxhcn74yrk/CsmsuzawIDAQAB'

// The relay is https, or this machine itself; nothing else is ever loaded, framed or run.
const POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "connect-src 'self' https: http://127.0.0.1:*",
  "img-src 'self' data:",
  "object-src 'none'",
  "frame-src 'none'",
  "base-uri 'none'",
  "form-action 'none'",
  // No page parses an HTML string, and none is let to: see without_html.ts.
  "require-trusted-types-for 'script'",
  "trusted-types 'none'",
].join('; ')

const PERMISSIONS = ['storage', 'alarms', 'scripting', 'activeTab', 'notifications', 'contextMenus']

export default defineConfig({
  srcDir: 'src',
  publicDir: 'public',
  manifestVersion: 3,
  imports: false,
  vite: () => ({ plugins: [withoutHtml()], oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } } }),
  zip: { name: 'deskbell', excludeSources: ['tests/**', 'node_modules/**'] },
  manifest: ({ browser }) => ({
    name: '__MSG_extension_name__',
    description: '__MSG_extension_description__',
    default_locale: 'en',
    permissions: browser === 'firefox' ? PERMISSIONS : [...PERMISSIONS, 'sidePanel'],
    optional_permissions: ['tabs', 'bookmarks'],
    optional_host_permissions: ['*://*/*'],
    content_security_policy: { extension_pages: POLICY },
    incognito: 'not_allowed', // a private window's tabs are nobody's business
    commands: {
      'capture-page': {
        suggested_key: { default: 'Alt+Shift+D' },
        description: '__MSG_command_capture_page__',
      },
    },
    ...(browser === 'firefox'
      ? {
          browser_specific_settings: {
            gecko: {
              id: 'deskbell@deskbell.dev',
              strict_min_version: '142.0',
              // What the person's own assistant asks for goes to the relay that the person chose.
              data_collection_permissions: { required: ['browsingActivity', 'websiteContent', 'bookmarksInfo'] },
            },
          },
        }
      : { key: KEY, minimum_chrome_version: '120' }),
  }),
})
