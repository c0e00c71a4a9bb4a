// Direct chats: Baileys and a person (whatsapp-rust) in both directions, Baileys and Baileys, and what may be done to a message.

import assert from 'node:assert/strict'
import { textOf } from '../harness/client.js'

export const direct = [
  {
    name: 'direct: texts go both ways between Baileys and whatsapp-rust',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      const id = (await ada.send(ben, { text: 'hello Ben' })).key.id
      const heard = await ben.hears('hello Ben', { from: ada })
      assert.equal(heard.id, id)
      assert.equal(heard.push_name, 'Ada')
      const answer = await ben.say(ada, 'hello Ada')
      const message = await ada.message('hello Ada')
      assert.equal(message.key.id, answer)
      assert.equal(message.pushName, 'Ben')
      assert.equal(message.key.fromMe, false)
      assert.equal(message.key.remoteJid, ben.jid)
    }
  },
  {
    name: 'direct: texts go both ways between two Baileys clients',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const cleo = await stage.baileys('Cleo')
      await ada.send(cleo, { text: 'hello Cleo' })
      await cleo.message('hello Cleo')
      await cleo.send(ada, { text: 'hello Ada' })
      await ada.message('hello Ada')
    }
  },
  {
    name: 'direct: a LID is as good an address as a phone number',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      await ada.send(`${ben.lid}@lid`, { text: 'to your LID' })
      await ben.hears('to your LID')
      await ben.say(ada.lid, 'to yours')
      await ada.message('to yours')
    }
  },
  {
    name: 'direct: quotes name the message they answer, on both sides',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      const question = await ben.say(ada, 'tea or coffee?')
      const asked = await ada.message('tea or coffee?')
      const answer = await ada.send(ben, { text: 'coffee' }, { quoted: asked })
      assert.equal((await ben.hears('coffee')).quoted, question)
      await ben.say(ada, 'as always', answer.key.id)
      const quoting = await ada.message('as always')
      assert.equal(quoting.message.extendedTextMessage.contextInfo.stanzaId, answer.key.id)
    }
  },
  {
    name: 'direct: what is sent while Baileys is away comes in order when it is back',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      await ben.say(ada, 'first contact')
      await ada.message('first contact')
      await ada.stop()
      const said = [...Array(20).keys()].map(n => `while you were out ${n}`)
      for (const text of said) await ben.say(ada, text)
      const after = ada.events.position
      await ada.restart()
      await ada.message(said.at(-1))
      assert.deepEqual(ada.messages(after).map(textOf).filter(text => text?.startsWith('while')), said)
    }
  },
  {
    name: 'direct: what Baileys sends while a person is away comes in order when they are back',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      await ada.send(ben, { text: 'first contact' })
      await ben.hears('first contact')
      await ben.do('offline', {})
      const said = [...Array(20).keys()].map(n => `while you were out ${n}`)
      for (const text of said) await ada.send(ben, { text })
      await ben.do('online', {})
      await ben.hears(said.at(-1))
      const texts = (await ben.inbox()).map(row => row.text)
      assert.deepEqual(texts.filter(text => text?.startsWith('while')), said)
    }
  }
]
