// Many messages at once: none may be lost.

import assert from 'node:assert/strict'
import { textOf } from '../harness/client.js'
import { oneAtATime } from '../harness/one-at-a-time.js'
import { Holding, slow } from '../harness/store.js'

const COUNT = 500
const IN_FLIGHT = 16
/** A slow store is slow. */
const FEWER = 100

export const load = [
  {
    name: `load: a Baileys echo bot answers ${COUNT} of ${COUNT} messages, ${IN_FLIGHT} in flight`,
    async play(stage) {
      await echoed(stage, await stage.baileys('Echo', {}, 'warn'), COUNT)
    }
  },
  {
    name: `load: it answers ${FEWER} of ${FEWER} with keys in a slow store, when sessions change one at a time`,
    async play(stage) {
      const settings = ({ creds, keys }) => {
        const store = slow(keys, 3)
        return { auth: { creds, keys: store }, makeSignalRepository: oneAtATime(store) }
      }
      await echoed(stage, await stage.baileys('Echo', settings, 'warn'), FEWER)
    }
  },
  {
    name: 'load: how Baileys loses a message: a slow store makes it use a message key twice',
    async play(stage) {
      let store
      const before = await retries(stage)
      const settings = ({ creds, keys }) => ({ auth: { creds, keys: (store = new Holding(keys)) } })
      const bot = await stage.baileys('Echo', settings)
      const ben = await stage.person('Ben')
      const { held, release } = await receiving(stage, bot, ben, () => store)
      // While the receiver's half is being written, the sender's half is written …
      await bot.send(ben, { text: 'first' })
      await ben.hears('first')
      // … and now overwritten by what had been read before it.
      release()
      await held
      await bot.send(ben, { text: 'second' })
      await bot.send(ben, { text: 'third' })
      await ben.hears('third')
      const texts = (await ben.inbox()).map(row => row.text)
      assert.ok(!texts.includes('second'), 'a message under a used key is a repeat to its receiver')
      assert.equal(await retries(stage), before, 'and is not asked for again')
    }
  },
  {
    name: 'load: how Baileys loses no message: sessions change one at a time',
    async play(stage) {
      let store
      const settings = ({ creds, keys }) => {
        store = new Holding(keys)
        return { auth: { creds, keys: store }, makeSignalRepository: oneAtATime(store) }
      }
      const bot = await stage.baileys('Echo', settings)
      const ben = await stage.person('Ben')
      const { held, release } = await receiving(stage, bot, ben, () => store)
      const first = bot.send(ben, { text: 'first' })
      release()
      await held
      await first
      for (const text of ['second', 'third']) await bot.send(ben, { text })
      for (const text of ['first', 'second', 'third']) await ben.hears(text)
    }
  }
]

/** A bot that is in the middle of receiving: it has read a text, and its store has not written that yet. */
async function receiving(stage, bot, ben, store) {
  await ben.say(bot, 'hello')
  await bot.message('hello')
  await bot.send(ben, { text: 'hello yourself' })
  await ben.hears('hello yourself')
  // The answer to this is the first in a new chain of keys, on both sides.
  await ben.say(bot, 'zero')
  await bot.message('zero')
  const writing = store().next()
  await ben.say(bot, 'one')
  return { held: bot.message('one'), release: await writing }
}

/** Lets a person say a lot to an echo bot, and waits for every answer. */
async function echoed(stage, bot, count) {
  const ben = await stage.person('Ben')
  const failures = echo(bot)
  const before = await retries(stage)
  const began = Date.now()
  await inFlight(count, IN_FLIGHT, async n => {
    await ben.say(bot, `number ${n}`)
  })
  try {
    for (const n of Array(count).keys()) await ben.hears(`echo number ${n}`)
  } catch (error) {
    const answered = new Set((await everything(ben)).map(heard => heard.text))
    const seen = new Set(bot.messages().map(textOf))
    const lost = [...Array(count).keys()].filter(n => !answered.has(`echo number ${n}`))
    const unseen = lost.filter(n => !seen.has(`number ${n}`))
    throw new Error(`no echo of ${lost.join(', ')}; the bot was not shown ${unseen.join(', ') || 'none of them'}`, { cause: error })
  }
  assert.deepEqual(failures, [])
  const took = (Date.now() - began) / 1000
  const again = (await retries(stage)) - before
  stage.note(
    `${(count / took).toFixed(0)} round trips a second through Baileys: ${count} in ${took.toFixed(1)} s, ${again} asked for again`
  )
}

/** How often anybody has asked for a message again because they could not read it. */
async function retries(stage) {
  return (await stage.admin.get('/stats')).retry_receipts
}

/** Answers every text; what it could not send is in the list it answers. */
function echo(bot) {
  const failures = []
  bot.socket.ev.on('messages.upsert', ({ messages }) => {
    for (const message of messages) {
      const text = textOf(message)
      if (message.key.fromMe || text === undefined) continue
      bot.send(message.key.remoteJid, { text: `echo ${text}` }).catch(error => failures.push(error))
    }
  })
  return failures
}

async function inFlight(count, width, work) {
  let next = 0
  const worker = async () => {
    while (next < count) await work(next++)
  }
  await Promise.all(Array.from({ length: width }, worker))
}

async function everything(person) {
  const all = []
  for (let after = 0; ; ) {
    const items = await person.inbox(after)
    if (items.length === 0) return all
    all.push(...items)
    after = items.at(-1).seq
  }
}
