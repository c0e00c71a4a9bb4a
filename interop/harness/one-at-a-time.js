// The setting that keeps Baileys from losing messages when its keys are in a store that takes its time; ../README.md says why.

import { addTransactionCapability } from 'baileys'
import { makeLibSignalRepository } from 'baileys/lib/Signal/libsignal.js'

/** Everything that reads a session and writes it back. */
const CHANGING = ['encryptMessage', 'decryptMessage', 'injectE2ESession', 'migrateSession', 'deleteSession']

/**
 * For the option `makeSignalRepository`; `keys` are the keys that `auth` has. Whatever changes a session waits until the change before is
 * written. Stock Baileys writes the sender's half at the end of sending and the receiver's half at the end of receiving.
 */
export function oneAtATime(keys) {
  return (auth, logger, lookUp) => {
    // Transactions of their own: inside of Baileys' own one, an encryption would be written when the whole message has been sent.
    const own = addTransactionCapability(keys, logger, { maxCommitRetries: 10, delayBetweenTriesMs: 3000 })
    const repository = makeLibSignalRepository({ creds: auth.creds, keys: own }, logger, lookUp)
    let last = Promise.resolve()
    for (const name of CHANGING) {
      const change = repository[name]
      repository[name] = (...args) => {
        const done = last.then(() => change.apply(repository, args))
        last = done.catch(() => {})
        return done
      }
    }
    return repository
  }
}
