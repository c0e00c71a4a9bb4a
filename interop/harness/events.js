// Everything a Baileys client said, in order, and waiting for more of it.

import { PATIENCE_MS, within } from './patience.js'

export class Events {
  #name
  #seen = []
  #waiting = new Set()

  constructor(name) {
    this.#name = name
  }

  /** Records one event and looks whether somebody waits for it. */
  add(name, data) {
    const event = { name, data }
    this.#seen.push(event)
    for (const waiter of this.#waiting) waiter(event)
  }

  /** How many there were so far: a place to look on from. */
  get position() {
    return this.#seen.length
  }

  /** What `pick` finds in the events after `after`, in order. */
  all(pick, after = 0) {
    return this.#seen.slice(after).map(pick).filter(found => found !== undefined)
  }

  /** The first thing `pick` finds in an event after `after`; waits for it. `pick` answers undefined for what it does not want. */
  first(what, pick, { after = 0, ms = PATIENCE_MS } = {}) {
    const [found] = this.all(pick, after)
    if (found !== undefined) return Promise.resolve(found)
    let waiter
    const coming = new Promise((resolve, reject) => {
      waiter = event => {
        try {
          const picked = pick(event)
          if (picked !== undefined) resolve(picked)
        } catch (error) {
          reject(error)
        }
      }
      this.#waiting.add(waiter)
    })
    return within(coming, `${this.#name}: ${what}`, ms).finally(() => this.#waiting.delete(waiter))
  }
}
