// Many messages at once: none may be lost.

import assert from 'node:assert/strict'
import { textOf } from '../harness/client.js'

const COUNT = 500
const IN_FLIGHT = 16

export const load = [
  {
    name: `load: a Baileys echo bot answers ${COUNT} of ${COUNT} messages, ${IN_FLIGHT} in flight`,
    async play(stage) {
      const bot = await stage.baileys('Echo', {}, process.env.INTEROP_LOG ?? 'warn')
      const ben = await stage.person('Ben')
      const failures = echo(bot)
      const began = Date.now()
      await inFlight(COUNT, IN_FLIGHT, async n => {
        await ben.say(bot, `number ${n}`)
      })
      const said = Date.now()
      await answered(ben, COUNT).finally(async () => {
        const texts = new Set((await everything(ben)).map(heard => heard.text))
        const lost = [...Array(COUNT).keys()].filter(n => !texts.has(`echo number ${n}`))
        const received = new Set(bot.messages().filter(m => !m.key.fromMe).map(textOf))
        const unseen = [...Array(COUNT).keys()].filter(n => !received.has(`number ${n}`))
        if (lost.length > 0) stage.note(`lost: ${lost.join(', ')}; of those never shown to the bot: ${unseen.join(', ')}; failed sends: ${failures.length}`)
      })
      const took = (Date.now() - began) / 1000
      stage.note(
        `${(COUNT / took).toFixed(0)} round trips a second through Baileys (said in ${((said - began) / 1000).toFixed(1)} s, answered in ${took.toFixed(1)} s)`
      )
      assert.deepEqual(failures, [])
    }
  }
]

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

/** Waits until a person was shown every echo. */
async function answered(person, count) {
  for (const n of Array(count).keys()) await person.hears(`echo number ${n}`)
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
