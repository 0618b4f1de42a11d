// What this device declares at the relay: the notes only while no daemon of the account keeps them.

import { declared } from '../gate/catalogue.ts'
import type { FactStore } from '../store/facts.ts'
import type { Relay } from './relay.ts'

export class Account {
  constructor(
    readonly relay: Relay,
    readonly facts: FactStore,
  ) {}

  /** Look at the account's devices, and say anew what this one does if that has changed. Throws Problem. */
  async look(): Promise<void> {
    const pairing = await this.facts.get('pairing')
    if (pairing === undefined) return
    const devices = await this.relay.devices()
    const daemon = devices.some(({ kind, actions }) => kind === 'daemon' && actions.includes('note.create'))
    const own = devices.find((device) => device.id === pairing.deviceId)
    const wanted = declared(daemon)
    if (own === undefined || !same(own.actions, wanted)) await this.relay.declare(pairing.deviceId, wanted)
    const deviceName = own?.name ?? pairing.deviceName
    if (daemon === pairing.daemon && deviceName === pairing.deviceName && same(pairing.declared, wanted)) return
    const now = await this.facts.get('pairing')
    // Unpaired meanwhile: it must not come back.
    if (now?.deviceId === pairing.deviceId)
      await this.facts.set('pairing', { ...now, deviceName, daemon, declared: wanted })
  }
}

function same(one: readonly string[], other: readonly string[]): boolean {
  return one.length === other.length && one.every((each) => other.includes(each))
}
