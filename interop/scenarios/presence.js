// Who is there, who types and who records, as the other side is shown it.

import assert from 'node:assert/strict'
import { isWho } from '../harness/admin.js'

/** What Baileys shows of somebody's presence or typing. */
function shown(client, who, state, { chat, after } = {}) {
  return client.each(
    `${state} of ${who.name}`,
    'presence.update',
    ({ id, presences }) => {
      const found = Object.entries(presences).find(([jid, one]) => isWho(jid, who) && one.lastKnownPresence === state)
      return found && (chat === undefined || id === chat) ? found[1] : undefined
    },
    { after }
  )
}

/** Writes in both directions: without it, people are strangers to each other and see nothing. */
async function acquainted(client, person) {
  await client.send(person, { text: 'hello' })
  await person.hears('hello')
  await person.say(client, 'hello yourself')
  await client.message('hello yourself')
}

export const presence = [
  {
    name: 'presence: typing, recording and pausing are shown to Baileys and to a person, in a direct chat and in a group',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      await ada.comeOnline()
      const { id: group } = await ada.socket.groupCreate('Writers', [ben.jid])
      for (const chat of [undefined, group]) {
        for (const [state, is] of [['composing', 'composing'], ['recording', 'recording'], ['paused', 'available']]) {
          const after = ada.events.position
          await ben.do('typing', { to: chat ?? ada.jid, state })
          await shown(ada, ben, is, { chat, after })
          await ada.socket.sendPresenceUpdate(state, chat ?? ben.jid)
          await ben.typing(ada, state, chat)
        }
      }
    }
  },
  {
    name: 'presence: typing is shown between two Baileys clients',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const cleo = await stage.baileys('Cleo')
      for (const state of ['composing', 'recording']) {
        await cleo.socket.sendPresenceUpdate(state, ada.jid)
        await shown(ada, cleo, state)
      }
    }
  },
  {
    name: 'presence: who subscribes sees the other side come and go, between two Baileys clients',
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
      await shown(ada, cleo, 'available')
      await cleo.socket.sendPresenceUpdate('unavailable')
      await shown(ada, cleo, 'unavailable')
    }
  },
  {
    name: 'presence: Baileys sees a person come and go, and when they were last there',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      await ada.comeOnline()
      await acquainted(ada, ben)
      await ben.do('presence', { state: 'gone' })
      await ada.socket.presenceSubscribe(ben.jid)
      await shown(ada, ben, 'unavailable')
      await ben.do('presence', { state: 'there' })
      await shown(ada, ben, 'available')
      const after = ada.events.position
      await ben.do('presence', { state: 'gone' })
      const { lastSeen } = await shown(ada, ben, 'unavailable', { after })
      assert.ok(Math.abs(lastSeen - Date.now() / 1000) < 3600, String(lastSeen))
    }
  },
  {
    name: 'presence: a person sees Baileys come and go, and when it was last there unless it hides that',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      await ada.comeOnline()
      await ben.do('presence', { state: 'there' })
      await acquainted(ada, ben)
      await ben.do('watch', { whom: ada.phone })
      await ben.presence(ada, seen => seen.state === 'there')
      await ada.socket.sendPresenceUpdate('unavailable')
      const { last_seen_s: last } = await ben.presence(ada, seen => seen.state === 'gone')
      assert.ok(Math.abs(last - Date.now() / 1000) < 3600, String(last))
      await ada.socket.updateLastSeenPrivacy('none')
      await ada.comeOnline()
      await ada.socket.sendPresenceUpdate('unavailable')
      await ben.presence(ada, seen => seen.state === 'gone' && seen.last_seen_s === null)
    }
  }
]
