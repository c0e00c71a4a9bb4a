// Ticks, as the other side is shown them.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { proto } from 'baileys'
import { isWho } from '../harness/admin.js'

const { Status } = proto.WebMessageInfo

/** Waits for a tick of at least `status` for message `id`. */
function tick(client, id, status) {
  return client.reported(`tick ${status} of ${id}`, 'messages.update', id, one => (one.update ?? one).status >= status)
}

/** Waits for the group tick `stamp` of somebody for message `id`. */
function groupTick(client, id, who, stamp) {
  const given = receipt => receipt[stamp] && isWho(receipt.userJid, who)
  return client.reported(`${stamp} of ${who.name}`, 'message-receipt.update', id, one =>
    one.receipt ? given(one.receipt) : one.userReceipt?.some(given)
  )
}

export const receipts = [
  {
    name: 'receipts: Baileys is told that a person read its message',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      const { key } = await ada.send(ben, { text: 'read me' })
      await ben.hears('read me')
      await ben.do('read', { id: key.id })
      await tick(ada, key.id, Status.READ)
    }
  },
  {
    name: 'receipts: a person is told that Baileys got their message and read it',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      await ada.comeOnline()
      const id = await ben.say(ada, 'read me')
      const { key } = await ada.message('read me')
      await ben.receipts(id, kinds => kinds.includes('delivered'))
      await ada.socket.readMessages([key])
      await ben.receipts(id, kinds => kinds.includes('read'))
    }
  },
  {
    name: 'receipts: two Baileys clients are shown each other\'s ticks',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const cleo = await stage.baileys('Cleo')
      await cleo.comeOnline()
      const { key } = await ada.send(cleo, { text: 'read me' })
      const received = await cleo.message('read me')
      await tick(ada, key.id, Status.DELIVERY_ACK)
      await cleo.socket.readMessages([received.key])
      await tick(ada, key.id, Status.READ)
    }
  },
  {
    name: 'receipts: a group tells its author who got a message and who read it',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      const cleo = await stage.baileys('Cleo')
      const { id: group } = await ada.socket.groupCreate('Readers', [ben.jid, cleo.jid])
      await cleo.comeOnline()
      const { key } = await ada.send(group, { text: 'read me, all' })
      const received = await cleo.message('read me, all')
      await groupTick(ada, key.id, cleo, 'receiptTimestamp')
      await cleo.socket.readMessages([received.key])
      await groupTick(ada, key.id, cleo, 'readTimestamp')
      await ben.hears('read me, all')
      await ben.do('read', { id: key.id })
      await groupTick(ada, key.id, ben, 'readTimestamp')
    }
  },
  {
    name: 'receipts: a person is told who of a group got a message and who read it',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      const cleo = await stage.baileys('Cleo')
      const { jid: group } = await ben.do('groups', { subject: 'Readers', members: [ada.phone, cleo.phone] })
      for (const client of [ada, cleo]) await client.comeOnline()
      const id = await ben.say(group, 'read me, both')
      for (const client of [ada, cleo]) {
        const { key } = await client.message('read me, both')
        await ben.ticked(id, 'delivered', client)
        await client.socket.readMessages([key])
        await ben.ticked(id, 'read', client)
      }
    }
  },
  {
    name: 'receipts: whose voice message was listened to is told, in both directions and in a group',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      const { id: group } = await ada.socket.groupCreate('Listeners', [ben.jid])
      for (const chat of [undefined, group]) {
        const { key } = await ada.send(chat ?? ben, voice())
        await ben.sees('the voice message', row => row.id === key.id)
        await ben.do(`inbox/${key.id}/play`, {})
        if (chat) await groupTick(ada, key.id, ben, 'readTimestamp')
        else await tick(ada, key.id, Status.PLAYED)

        const { id } = await ben.do('send', { to: chat ?? ada.jid, kind: 'audio', data: randomBytes(900).toString('base64') })
        const heard = await ada.message(one => one.key.id === id && one.message)
        await ada.socket.sendReceipt(heard.key.remoteJid, heard.key.participant, [id], 'played')
        await ben.ticked(id, 'played', ada)
      }
    }
  },
  {
    name: 'receipts: who hides blue ticks shows none, on either library, and what comes after is heard all the same',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      await ada.comeOnline()
      await ada.socket.updateReadReceiptsPrivacy('none')
      assert.equal((await ada.socket.fetchPrivacySettings(true)).readreceipts, 'none')
      const id = await ben.say(ada, 'read me in secret')
      const { key } = await ada.message('read me in secret')
      await ada.socket.readMessages([key])
      await ada.send(ben, { text: 'I read nothing' })
      await ben.hears('I read nothing')
      const kinds = await ben.receipts(id, seen => seen.includes('delivered'))
      assert.ok(!kinds.includes('read'), kinds.join())

      await ada.socket.updateReadReceiptsPrivacy('all')
      await stage.admin.post(`/accounts/${ben.phone}/privacy`, { category: 'readreceipts', value: 'none' })
      const sent = await ada.send(ben, { text: 'now you' })
      await ben.hears('now you')
      await ben.do('read', { id: sent.key.id })
      await ben.say(ada, 'neither did I')
      await ada.message('neither did I')
      const ticks = ada.events.all(({ name, data }) =>
        name === 'messages.update' ? data.filter(one => one.key.id === sent.key.id).map(one => one.update.status) : undefined
      )
      assert.ok(!ticks.flat().includes(Status.READ), ticks.join())
    }
  }
]

/** A voice message as Baileys takes it; with seconds, so that it does not look into the file for them. */
function voice() {
  return { audio: randomBytes(900), mimetype: 'audio/ogg; codecs=opus', ptt: true, seconds: 2 }
}
