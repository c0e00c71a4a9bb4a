// What a message may hold besides text. In every case it is looked at as the other side's library decoded it.

import assert from 'node:assert/strict'
import { CHATS } from '../harness/client.js'

const CARD = 'BEGIN:VCARD\nVERSION:3.0\nFN:Cleo\nTEL;waid=4915112345678:+49 151 12345678\nEND:VCARD'

/** A Baileys client and a person, and where they talk: with each other, and in a group of theirs. */
async function places(stage) {
  const ada = await stage.baileys('Ada')
  const ben = await stage.person('Ben')
  const { id: group } = await ada.socket.groupCreate('Contents', [ben.jid])
  return { ada, ben, group, chats: [{ toBen: ben.jid, toAda: ada.jid }, { toBen: group, toAda: group }] }
}

/** The content of message `id` as Baileys decoded it. */
async function decoded(client, id) {
  return (await client.message(one => one.key.id === id && one.message && one)).message
}

export const contents = [
  {
    name: 'contents: places, live places and cards of Baileys arrive at a person as they were sent',
    async play(stage) {
      const { ada, ben, chats } = await places(stage)
      for (const { toBen } of chats) {
        const place = await ada.send(toBen, { location: { degreesLatitude: 50.94, degreesLongitude: 6.96, name: 'Dom' } })
        const { locationMessage } = await ben.content(place.key.id)
        assert.deepEqual([locationMessage.degreesLatitude, locationMessage.degreesLongitude, locationMessage.name], [50.94, 6.96, 'Dom'])

        const card = await ada.send(toBen, { contacts: { displayName: 'Cleo', contacts: [{ displayName: 'Cleo', vcard: CARD }] } })
        const { contactMessage } = await ben.content(card.key.id)
        assert.deepEqual([contactMessage.displayName, contactMessage.vcard], ['Cleo', CARD])

        const two = [{ vcard: CARD }, { vcard: CARD }]
        const cards = await ada.send(toBen, { contacts: { displayName: 'Both', contacts: two } })
        const { contactsArrayMessage } = await ben.content(cards.key.id)
        assert.deepEqual(contactsArrayMessage.contacts.map(one => one.vcard), [CARD, CARD])

        // Baileys has no word for it in `sendMessage`, and relays what it is given.
        const live = { liveLocationMessage: { degreesLatitude: 50.94, degreesLongitude: 6.96, speedInMps: 1.5, sequenceNumber: 1 } }
        const id = await ada.socket.relayMessage(toBen, live, {})
        const { liveLocationMessage } = await ben.content(id)
        assert.deepEqual([liveLocationMessage.degreesLatitude, liveLocationMessage.speedInMps], [50.94, 1.5])
      }
    }
  },
  {
    name: 'contents: places, live places and cards of a person arrive at Baileys as they were sent',
    async play(stage) {
      const { ada, ben, chats } = await places(stage)
      for (const { toAda } of chats) {
        const place = { degreesLatitude: 50.94, degreesLongitude: 6.96 }
        const { locationMessage } = await decoded(ada, await ben.send(toAda, { locationMessage: { ...place, name: 'Dom' } }))
        assert.deepEqual([locationMessage.degreesLatitude, locationMessage.degreesLongitude, locationMessage.name], [50.94, 6.96, 'Dom'])

        const live = { liveLocationMessage: { ...place, speedInMps: 1.5, caption: 'on my way' } }
        const { liveLocationMessage } = await decoded(ada, await ben.send(toAda, live))
        assert.deepEqual([liveLocationMessage.speedInMps, liveLocationMessage.caption], [1.5, 'on my way'])

        const card = { contactMessage: { displayName: 'Cleo', vcard: CARD } }
        const { contactMessage } = await decoded(ada, await ben.send(toAda, card))
        assert.deepEqual([contactMessage.displayName, contactMessage.vcard], ['Cleo', CARD])
      }
    }
  },
  {
    name: 'contents: who is mentioned is named, in both directions, in a direct chat and in a group',
    async play(stage) {
      const { ada, ben, chats } = await places(stage)
      for (const { toBen, toAda } of chats) {
        const { key } = await ada.send(toBen, { text: `hello @${ben.phone}`, mentions: [ben.jid] })
        const { extendedTextMessage } = await ben.content(key.id)
        assert.deepEqual(extendedTextMessage.contextInfo.mentionedJid, [ben.jid])

        const text = `hello @${ada.phone}`
        const id = await ben.send(toAda, { extendedTextMessage: { text, contextInfo: { mentionedJid: [ada.jid] } } })
        const heard = await decoded(ada, id)
        assert.equal(heard.extendedTextMessage.text, text)
        assert.deepEqual(heard.extendedTextMessage.contextInfo.mentionedJid, [ada.jid])
      }
    }
  },
  {
    name: 'contents: a timer for messages that Baileys sets is told to a person, and its messages carry it',
    async play(stage) {
      const { ada, ben, group } = await places(stage)
      const setting = await ada.send(ben, { disappearingMessagesInChat: 86_400 })
      const { protocolMessage } = plain(await ben.content(setting.key.id))
      assert.equal(protocolMessage.ephemeralExpiration, 86_400)
      await ada.socket.sendMessage(group, { disappearingMessagesInChat: 604_800 })
      await ben.told('the timer', one => one.group === group && one.change === 'ephemeral' && one.value === '604800')
      for (const to of [ben.jid, group]) {
        const { key } = await ada.send(to, { text: 'soon gone' }, { ephemeralExpiration: 86_400 })
        const { extendedTextMessage } = plain(await ben.content(key.id))
        assert.deepEqual([extendedTextMessage.text, extendedTextMessage.contextInfo.expiration], ['soon gone', 86_400])
      }
    }
  },
  {
    name: 'contents: a timer for messages that a person sets is told to Baileys',
    async play(stage) {
      const { ada, ben } = await places(stage)
      await ben.send(ada, { protocolMessage: { type: 3, ephemeralExpiration: 86_400, ephemeralSettingTimestamp: 1_700_000_000 } })
      await ada.each('the timer', CHATS, one => one.id === ben.jid && one.ephemeralExpiration === 86_400)
      const { jid: group } = await ben.do('groups', { subject: 'Short-lived', members: [ada.phone] })
      await ben.do(`groups/${group}/change`, { setting: { ephemeral: 604_800 } })
      await ada.each('the timer', CHATS, one => one.id === group && one.ephemeralExpiration === 604_800)
      assert.equal((await ada.socket.groupMetadata(group)).ephemeralDuration, 604_800)
    }
  }
]

/** A message without what it may be wrapped in while a timer runs. */
function plain(message) {
  return message.ephemeralMessage?.message ?? message
}
