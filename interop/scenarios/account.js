// What belongs to an account: whom it blocks.

import assert from 'node:assert/strict'
import { textOf } from '../harness/client.js'

export const account = [
  {
    name: 'account: whom Baileys blocks it hears nothing of until they are let through again',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      await ben.say(ada, 'hello')
      await ada.message('hello')
      await ada.socket.updateBlockStatus(ben.jid, 'block')
      const blocked = (await ada.socket.fetchBlocklist()).map(jid => jid.split('@')[0])
      assert.ok(blocked.includes(ben.phone) || blocked.includes(ben.lid.split('@')[0]), blocked.join())
      await ben.say(ada, 'can you hear me?')
      await ada.socket.updateBlockStatus(ben.jid, 'unblock')
      await ben.say(ada, 'and now?')
      await ada.message('and now?')
      assert.ok(!ada.messages().map(textOf).includes('can you hear me?'))
    }
  }
]
