// Ticks and typing, as the other side is shown them.

import { proto } from 'baileys'

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
    name: 'receipts: typing is shown to Baileys, and by Baileys to a second one',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      const cleo = await stage.baileys('Cleo')
      await ben.do('typing', { to: ada.jid, state: 'composing' })
      await presence(ada, ben, 'composing')
      await ben.do('typing', { to: ada.jid, state: 'recording' })
      await presence(ada, ben, 'recording')
      await ben.do('typing', { to: ada.jid, state: 'paused' })
      await presence(ada, ben, 'available')
      await cleo.socket.sendPresenceUpdate('composing', ada.jid)
      await presence(ada, cleo, 'composing')
      await cleo.socket.sendPresenceUpdate('recording', ada.jid)
      await presence(ada, cleo, 'recording')
    }
  },
  {
    name: 'receipts: who subscribes sees the other side come and go',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const cleo = await stage.baileys('Cleo')
      await ada.comeOnline()
      await ada.send(cleo, { text: 'hello' })
      await cleo.message('hello')
      await cleo.send(ada, { text: 'hello yourself' })
      await ada.message('hello yourself')
      await ada.socket.presenceSubscribe(cleo.jid)
      await cleo.comeOnline()
      await presence(ada, cleo, 'available')
      await cleo.socket.sendPresenceUpdate('unavailable')
      await presence(ada, cleo, 'unavailable')
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
  }
]

/** What Baileys shows of somebody's presence or typing. */
function presence(client, who, shown) {
  return client.each(`${shown} of ${who.name}`, 'presence.update', ({ presences }) =>
    Object.entries(presences).some(([jid, { lastKnownPresence }]) => isWho(jid, who) && lastKnownPresence === shown)
  )
}


function isWho(jid, { phone, lid }) {
  const user = jid.split(/[:@]/)[0]
  return user === phone || user === lid?.split('@')[0]
}
