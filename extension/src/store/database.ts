// The background's own database. Content scripts and web pages cannot reach it, in Chromium and Firefox alike
// (storage.local is open to content scripts in Firefox), and one transaction holds a command and its cursor.

import { type DBSchema, type IDBPDatabase, openDB } from 'idb'
import type { Facts } from './facts.ts'
import type { Entry } from './ledger.ts'

interface Schema extends DBSchema {
  facts: { key: keyof Facts; value: Facts[keyof Facts] }
  ledger: {
    key: string
    value: Entry
    /** `unfinished` and `unreported` are sparse: an entry without the field is not in the index. */
    indexes: { unfinished: number; unreported: number; at: number }
  }
}

export type Database = IDBPDatabase<Schema>

export function openDatabase(name = 'deskbell'): Promise<Database> {
  return openDB<Schema>(name, 1, {
    upgrade(database) {
      database.createObjectStore('facts')
      const ledger = database.createObjectStore('ledger', { keyPath: 'id' })
      ledger.createIndex('unfinished', 'unfinished')
      ledger.createIndex('unreported', 'unreported')
      ledger.createIndex('at', 'at')
    },
    blocking(_current, _blocked, event) {
      // A newer version of the extension wants to open it: this one is about to end.
      ;(event.target as IDBDatabase).close()
    },
  })
}
