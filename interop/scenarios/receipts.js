// Ticks and typing, as the other side is shown them.

import { proto } from 'baileys'

const { Status } = proto.WebMessageInfo

/** The first tick of at least `status` for message `id`. */
function tick(client, id, status) {
  return client.each(
    `tick ${status} of ${id}`,
    'messages.update',
    ({ key, update }) => key.id === id && update.status >= status
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
      const presence = (client, who, shown) =>
        client.each(
          `${shown} of ${who.name}`,
          'presence.update',
          ({ presences }) =>
            Object.entries(presences).some(([jid, { lastKnownPresence }]) => isWho(jid, who) && lastKnownPresence === shown)
        )
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
  }
]

function isWho(jid, { phone, lid }) {
  const user = jid.split(/[:@]/)[0]
  return user === phone || user === lid?.split('@')[0]
}
