// Several companions of one account, of one library or of two: each has what the others send, receive and keep.

import assert from 'node:assert/strict'
import { proto } from 'baileys'
import { CHATS, CONTACTS, textOf } from '../harness/client.js'
import { mediaAt } from '../harness/media-host.js'
import { poll } from '../harness/patience.js'

/** Waits until an account's phone has a record of app state about `index` whose value `wanted` accepts. */
function onPhone(stage, account, index, wanted) {
  return poll(`the phone's record of ${index.join()}`, async () => {
    const { items } = await stage.admin.get(`/accounts/${account.phone}/app-state`)
    return items.find(item => index.every((part, at) => item.index[at] === part) && wanted(item.value))
  })
}

/** What one does to a chat or a message of it, and what the other devices show of it. `said` is a message of `other` in it. */
function deeds(other, said) {
  const lastMessages = [{ key: said.key, messageTimestamp: said.messageTimestamp }]
  const chat = wanted => [CHATS, one => one.id === other.jid && wanted(one)]
  const message = wanted => ['messages.update', one => one.key.id === said.key.id && wanted(one.update)]
  const author = 'them'
  return [
    { change: { archive: true, lastMessages }, act: { action: 'archive' }, shown: chat(one => one.archived === true) },
    { change: { archive: false, lastMessages }, act: { action: 'unarchive' }, shown: chat(one => one.archived === false) },
    { change: { pin: true }, act: { action: 'pin' }, shown: chat(one => one.pinned > 0) },
    { change: { pin: false }, act: { action: 'unpin' }, shown: chat(one => one.pinned === null) },
    { change: { mute: 4_102_444_800_000 }, act: { action: 'mute', until_ms: 4_102_444_800_000 }, shown: chat(one => one.muteEndTime === 4_102_444_800_000) },
    { change: { mute: null }, act: { action: 'unmute' }, shown: chat(one => one.muteEndTime === null) },
    { change: { markRead: false, lastMessages }, act: { action: 'mark_unread' }, shown: chat(one => one.unreadCount === -1) },
    { change: { markRead: true, lastMessages }, act: { action: 'mark_read' }, shown: chat(one => one.unreadCount === 0) },
    { change: { star: { messages: [said.key], star: true } }, act: { action: 'star', id: said.key.id, author }, shown: message(one => one.starred === true) },
    { change: { star: { messages: [said.key], star: false } }, act: { action: 'unstar', id: said.key.id, author }, shown: message(one => one.starred === false) },
    {
      change: { contact: { fullName: 'Benjamin', firstName: 'Ben', saveOnPrimaryAddressbook: true } },
      act: { action: 'save_contact', contact: other.phone, full_name: 'Benjamin', chat: undefined },
      shown: [CONTACTS, one => one.id === other.jid && one.name === 'Benjamin']
    }
  ]
}

export const companions = [
  {
    name: 'companions: Baileys and whatsapp-rust on one account have what the other sends, and both what others send',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const tablet = await stage.personOf(ada.account)
      const ben = await stage.person('Ben')
      const cleo = await stage.baileys('Cleo')
      await ben.say(ada, 'to both of you')
      await ada.message('to both of you')
      await tablet.hears('to both of you', { from: ben })
      for (const [other, name] of [[ben, 'a person'], [cleo, 'Baileys']]) {
        await ada.send(other, { text: `from Baileys to ${name}` })
        const copy = await tablet.hears(`from Baileys to ${name}`)
        assert.deepEqual([copy.from_me, copy.chat], [true, other.jid])
        await tablet.say(other, `from whatsapp-rust to ${name}`)
        const { key } = await ada.message(`from whatsapp-rust to ${name}`)
        assert.deepEqual([key.fromMe, key.remoteJid], [true, other.jid])
      }
      for (const text of ['from Baileys to a person', 'from whatsapp-rust to a person']) await ben.hears(text)
      for (const text of ['from Baileys to Baileys', 'from whatsapp-rust to Baileys']) await cleo.message(text)
    }
  },
  {
    name: 'companions: in a group, Baileys and whatsapp-rust on one account have what the other sends',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const tablet = await stage.personOf(ada.account)
      const ben = await stage.person('Ben')
      const cleo = await stage.baileys('Cleo')
      const { id: group } = await ada.socket.groupCreate('Both', [ben.jid, cleo.jid])
      await ada.send(group, { text: 'from Baileys' })
      const copy = await tablet.hears('from Baileys')
      assert.deepEqual([copy.from_me, copy.chat], [true, group])
      await tablet.say(group, 'from whatsapp-rust')
      const { key } = await ada.message('from whatsapp-rust')
      assert.deepEqual([key.fromMe, key.remoteJid], [true, group])
      for (const text of ['from Baileys', 'from whatsapp-rust']) {
        await ben.hears(text)
        await cleo.message(text)
      }
      await ben.say(group, 'to all of you')
      for (const client of [ada, cleo]) await client.message('to all of you')
      await tablet.hears('to all of you')
    }
  },
  {
    name: 'companions: a second companion of either library gets copies of what is received and of what is sent',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      await ben.say(ada, 'to one')
      await ada.message('to one')
      const tablet = await stage.baileys(ada.account)
      await ben.say(ada, 'to both')
      await ada.message('to both')
      await tablet.message('to both')
      await ada.send(ben, { text: 'from the first' })
      const copy = await tablet.message('from the first')
      assert.equal(copy.key.fromMe, true)
      assert.equal(copy.key.remoteJid, ben.jid)
      await ben.hears('from the first', { from: ada })
      await tablet.send(ben, { text: 'from the second' })
      await ada.message('from the second')
      await ben.hears('from the second', { from: ada })
    }
  },
  {
    name: 'companions: what one does to a chat, a message or a contact is done on the other and on the phone',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const tablet = await stage.baileys(ada.account)
      const ben = await stage.person('Ben')
      await ben.say(ada, 'keep me')
      const said = await ada.message('keep me')
      await tablet.message('keep me')
      for (const { change, shown: [event, wanted] } of deeds(ben, said)) {
        const after = tablet.events.position
        await ada.socket.chatModify(change, ben.jid)
        await tablet.each(`${event} after ${JSON.stringify(change)}`, event, wanted, { after })
      }
      await onPhone(stage, ada, ['pin_v1', ben.jid], value => value.pin_action?.pinned === false)
      await onPhone(stage, ada, ['contact', ben.jid], value => value.contact_action?.full_name === 'Benjamin')
      await tablet.socket.chatModify({ pin: true }, ben.jid)
      await ada.each('the pinned chat', CHATS, one => one.id === ben.jid && one.pinned > 0)
      await onPhone(stage, ada, ['pin_v1', ben.jid], value => value.pin_action?.pinned === true)
    }
  },
  {
    name: 'companions: what is done on the phone is done on Baileys',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      await ben.say(ada, 'keep me')
      const said = await ada.message('keep me')
      for (const { act, shown: [event, wanted] } of deeds(ben, said)) {
        const after = ada.events.position
        await stage.admin.post(`/accounts/${ada.phone}/act`, { chat: ben.phone, ...act })
        await ada.each(`${event} after ${act.action}`, event, wanted, { after })
      }
    }
  },
  {
    name: 'companions: a new companion is told what was said before it was linked, and more when it asks',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      const said = [...Array(25).keys()].map(n => `long ago ${n}`)
      for (const text of said) await ben.say(ada, text)
      await ada.message(said.at(-1))
      await ada.send(ben, { text: 'just now' })
      await ben.hears('just now')
      const { url } = await stage.admin.get('/media')
      const { INITIAL_BOOTSTRAP, ON_DEMAND } = proto.HistorySync.HistorySyncType
      const settings = {
        // The first chunk has the 20 newest messages of a chat. What Baileys was told once, it does not tell again.
        shouldSyncHistoryMessage: ({ syncType }) => syncType === INITIAL_BOOTSTRAP || syncType === ON_DEMAND,
        options: await mediaAt(url)
      }
      const tablet = await stage.baileys(ada.account, settings)
      const told = text => tablet.events.first(`"${text}" in the history`, ({ name, data }) =>
        name === 'messaging-history.set' ? data.messages.find(one => textOf(one) === text) : undefined
      )
      const newest = await told('just now')
      assert.deepEqual([newest.key.fromMe, newest.key.remoteJid], [true, ben.jid])
      const oldest = await told('long ago 6')
      assert.equal(oldest.key.fromMe, false)
      await tablet.socket.fetchMessageHistory(5, oldest.key, Number(oldest.messageTimestamp) * 1000)
      for (const n of [1, 2, 3, 4, 5]) await told(`long ago ${n}`)
      const all = tablet.events.all(({ name, data }) => (name === 'messaging-history.set' ? data.messages : undefined)).flat()
      assert.deepEqual(all.map(textOf).toSorted(), [...said.slice(1), 'just now'].toSorted())
    }
  },
  {
    name: 'companions: one that logs out is gone, and the other goes on',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const tablet = await stage.personOf(ada.account)
      const ben = await stage.person('Ben')
      await ben.say(ada, 'to both')
      await ada.message('to both')
      await tablet.hears('to both')
      await ada.socket.logout()
      await ada.update('the end', update => update.lastDisconnect?.error?.output?.statusCode === 401)
      await ben.say(ada, 'to the one that is left')
      await tablet.hears('to the one that is left')
      await tablet.say(ben, 'I am still here')
      await ben.hears('I am still here', { from: ada })
      // Its place is free: it is linked anew, as a companion that knows nothing of before.
      const again = await stage.baileys(ada.account)
      await tablet.say(ben, 'and you are back')
      await again.message('and you are back')
      // The phone removes whatsapp-rust this time.
      const { standing } = await tablet.get('')
      assert.equal(standing, 'connected')
      await stage.admin.post(`/accounts/${ada.phone}/unlink`, { device: 2 })
      await poll('the end of the session', async () => ((await tablet.get('')).standing === 'ended' ? true : undefined))
      await ben.say(ada, 'to Baileys alone')
      await again.message('to Baileys alone')
    }
  }
]
