// A client's keys, in memory. Values are kept as text, the way a database would, so that nothing is shared by accident and what comes
// back after a restart is what was written.

import { BufferJSON, initAuthCreds, proto } from 'baileys'

const write = value => JSON.stringify(value, BufferJSON.replacer)
const read = text => JSON.parse(text, BufferJSON.reviver)

export class Keys {
  #creds
  #values = new Map()

  /** What `makeWASocket` takes as `auth`, as it was when it was last saved. */
  open() {
    const creds = this.#creds ? read(this.#creds) : initAuthCreds()
    return { creds, keys: { get: this.#get, set: this.#set } }
  }

  save(creds) {
    this.#creds = write(creds)
  }

  #get = async (type, ids) => {
    const found = {}
    for (const id of ids) {
      const text = this.#values.get(`${type}/${id}`)
      if (text === undefined) continue
      const value = read(text)
      found[id] = type === 'app-state-sync-key' ? proto.Message.AppStateSyncKeyData.fromObject(value) : value
    }
    return found
  }

  #set = async changes => {
    for (const [type, values] of Object.entries(changes)) {
      for (const [id, value] of Object.entries(values)) {
        if (value === null || value === undefined) this.#values.delete(`${type}/${id}`)
        else this.#values.set(`${type}/${id}`, write(value))
      }
    }
  }
}
