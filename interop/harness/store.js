// Stores that take their time, as a file or a database does.

/** Every call takes up to `ms`. */
export function slow(keys, ms) {
  const wait = () => new Promise(resolve => setTimeout(resolve, Math.random() * ms))
  return {
    get: async (...args) => {
      await wait()
      return keys.get(...args)
    },
    set: async (...args) => {
      await wait()
      return keys.set(...args)
    }
  }
}

/** A store that holds one write of a session back when told to. */
export class Holding {
  #keys
  #hold

  constructor(keys) {
    this.#keys = keys
  }

  /** The next write of a session waits. Resolves when there is one, with what lets it go on. */
  next() {
    return new Promise(held => (this.#hold = held))
  }

  get = (...args) => this.#keys.get(...args)

  set = async changes => {
    if (changes.session && this.#hold) {
      const held = this.#hold
      this.#hold = undefined
      await new Promise(held)
    }
    return this.#keys.set(changes)
  }
}
