// A third library that shares nothing with the other two: Go's whatsmeow. It checks certificates and signatures, which Baileys does not.

import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { downloadMediaMessage } from 'baileys'
import { isWho } from '../harness/admin.js'
import { CHATS } from '../harness/client.js'
import { notice, told } from '../harness/group.js'
import { PICTURE } from '../harness/picture.js'

/** A Baileys client, a person (whatsapp-rust) and a whatsmeow client: all three know each other's accounts only. */
async function three(stage) {
  return { ada: await stage.baileys('Ada'), ben: await stage.person('Ben'), dan: await stage.whatsmeow('Dan') }
}

/** Everybody says something in a group, and everybody else reads it, with the right author. */
async function everybodyReadsEverybody(group, { ada, ben, dan }, words) {
  await ada.send(group, { text: `${words}, says Ada` })
  await ben.say(group, `${words}, says Ben`)
  await dan.say(group, `${words}, says Dan`)
  for (const [name, from] of [['Ada', ada], ['Ben', ben], ['Dan', dan]]) {
    const text = `${words}, says ${name}`
    if (from !== ada) {
      const { key, pushName } = await ada.message(text)
      assert.ok(isWho(key.participantAlt ?? key.participant, from) && pushName === name && key.remoteJid === group)
    }
    if (from !== ben) {
      const heard = await ben.hears(text)
      assert.ok(isWho(heard.sender, from) && heard.push_name === name && heard.chat === group)
    }
    if (from !== dan) {
      const { info } = await dan.message(text)
      assert.ok(isWho(info.Sender, from) && info.PushName === name && info.Chat === group)
    }
  }
}

export const whatsmeow = [
  {
    name: 'whatsmeow: by QR code, and again on the kept keys after a restart',
    async play(stage) {
      const dan = await stage.whatsmeow('Dan')
      const ben = await stage.person('Ben')
      await ben.say(dan, 'before')
      await dan.message('before')
      await dan.stop()
      await ben.say(dan, 'while you were out')
      await dan.restart()
      await dan.message('while you were out')
      await dan.say(ben, 'I am back')
      await ben.hears('I am back', { from: dan })
    }
  },
  {
    name: 'whatsmeow: by the eight characters that it shows',
    async play(stage) {
      const dan = await stage.unlinkedWhatsmeow('Dan')
      const ben = await stage.person('Ben')
      await dan.do('connect')
      await dan.event('QR')
      const code = await dan.do('pairCode', { phone: dan.phone })
      await stage.admin.post(`/accounts/${dan.phone}/code`, { code })
      await dan.linked()
      await ben.say(dan, 'hello')
      await dan.message('hello')
      await dan.say(ben, 'hello yourself')
      await ben.hears('hello yourself', { from: dan })
    }
  },
  {
    name: 'whatsmeow: texts, edits, deletions and reactions go both ways with whatsapp-rust and with Baileys',
    async play(stage) {
      const { ada, ben, dan } = await three(stage)
      const toBen = await dan.say(ben, 'hello Ben')
      assert.equal((await ben.hears('hello Ben', { from: dan })).id, toBen)
      const toAda = await dan.say(ada, 'hello Ada')
      const heard = await ada.message('hello Ada')
      assert.deepEqual([heard.key.id, heard.key.remoteJid, heard.pushName], [toAda, dan.jid, 'Dan'])

      const ofBen = await ben.say(dan, 'hello Dan, says Ben')
      const ofAda = (await ada.send(dan, { text: 'hello Dan, says Ada' })).key
      for (const [id, from] of [[ofBen, ben], [ofAda.id, ada]]) {
        const { info } = await dan.message(id)
        assert.ok(isWho(info.Sender, from) && !info.IsFromMe && !info.IsGroup)
        await dan.do('react', { chat: from.jid, sender: from.jid, id, emoji: '👍' })
      }
      await ben.sees('the reaction', row => row.reaction?.target === ofBen && row.reaction.emoji === '👍')
      await ada.reported('the reaction', 'messages.reaction', ofAda.id, one => (one.reaction ?? one.reactions?.[0])?.text === '👍')
      await ben.do('react', { id: toBen, emoji: '🎉' })
      await ada.send(dan, { react: { text: '🎉', key: heard.key } })
      for (const id of [toBen, toAda]) await dan.message(({ message }) => message.reactionMessage?.key?.id === id && message.reactionMessage.text === '🎉')

      for (const [chat, id] of [[ben, toBen], [ada, toAda]]) {
        await dan.do('edit', { chat: chat.jid, id, text: 'hello again' })
        await dan.do('revoke', { chat: chat.jid, sender: dan.jid, id })
      }
      await ben.sees('the edit', row => row.change?.edited?.target === toBen && row.change.edited.text === 'hello again')
      await ben.sees('the deletion', row => row.change?.revoked?.target === toBen)
      await ada.each('the deletion', 'messages.update', one => one.key.id === toAda && one.update.message === null)
      await ben.do('edit', { id: ofBen, text: 'hello once more' })
      await ben.do('revoke', { id: ofBen })
      await ada.send(dan, { text: 'hello once more', edit: ofAda })
      await ada.send(dan, { delete: ofAda })
      for (const id of [ofBen, ofAda.id]) {
        await dan.message(({ message }) => message.protocolMessage?.key?.id === id && message.protocolMessage.editedMessage)
        await dan.message(({ message }) => message.protocolMessage?.key?.id === id && message.protocolMessage.type === 0)
      }
    }
  },
  {
    name: 'whatsmeow: ticks, typing and presence go both ways with whatsapp-rust and with Baileys',
    async play(stage) {
      const { ada, ben, dan } = await three(stage)
      await ada.comeOnline()
      await ben.do('presence', { state: 'there' })
      await dan.do('presence', { state: 'available' })
      const toBen = await dan.say(ben, 'read me, Ben')
      const toAda = await dan.say(ada, 'read me, Ada')
      await ben.hears('read me, Ben')
      await ben.do('read', { id: toBen })
      await ada.socket.readMessages([(await ada.message('read me, Ada')).key])
      for (const [id, who] of [[toBen, ben], [toAda, ada]]) for (const kind of ['', 'read']) await dan.ticked(id, kind, who)
      const ofBen = await ben.say(dan, 'read me, Dan')
      const { key } = await ada.send(dan, { text: 'read me too, Dan' })
      for (const [id, from] of [[ofBen, ben], [key.id, ada]]) {
        await dan.message(id)
        await dan.do('read', { chat: from.jid, sender: from.jid, id })
      }
      await ben.ticked(ofBen, 'read', dan)
      await ada.reported('the tick', 'messages.update', key.id, one => (one.update ?? one).status >= 4)

      await dan.do('typing', { to: ben.jid, state: 'composing', media: '' })
      await ben.typing(dan, 'composing')
      await dan.do('typing', { to: ada.jid, state: 'composing', media: 'audio' })
      await ada.each('recording', 'presence.update', ({ presences }) =>
        Object.entries(presences).some(([jid, one]) => isWho(jid, dan) && one.lastKnownPresence === 'recording'))
      await ben.do('typing', { to: dan.jid, state: 'recording' })
      await dan.event('ChatPresence', data => isWho(data.Sender, ben) && data.State === 'composing' && data.Media === 'audio')
      await ada.socket.sendPresenceUpdate('composing', dan.jid)
      await dan.event('ChatPresence', data => isWho(data.Sender, ada) && data.State === 'composing' && data.Media === '')

      await dan.do('subscribe', { jid: ada.jid })
      await dan.event('Presence', data => isWho(data.From, ada) && !data.Unavailable)
      await ada.socket.sendPresenceUpdate('unavailable')
      await dan.event('Presence', data => isWho(data.From, ada) && data.Unavailable)
      await ben.do('watch', { whom: dan.phone })
      await ben.presence(dan, seen => seen.state === 'there')
      await dan.do('presence', { state: 'unavailable' })
      await ben.presence(dan, seen => seen.state === 'gone')
    }
  },
  {
    name: 'whatsmeow: pictures, papers and sounds go both ways with whatsapp-rust and with Baileys',
    async play(stage) {
      const { ada, ben, dan } = await three(stage)
      const kinds = [
        ['image', PICTURE, 'image/png', bytes => ({ image: bytes, mimetype: 'image/png' })],
        ['document', randomBytes(70_000), 'application/pdf', bytes => ({ document: bytes, mimetype: 'application/pdf', fileName: 'a.pdf' })],
        ['audio', randomBytes(5_000), 'audio/ogg; codecs=opus', bytes => ({ audio: bytes, mimetype: 'audio/ogg; codecs=opus', seconds: 3 })]
      ]
      for (const [kind, bytes, mimetype, content] of kinds) {
        const data = bytes.toString('base64')
        const file = await dan.do('upload', { kind, data })
        for (const name of ['mediaKey', 'fileEncSha256', 'fileSha256']) file[name] = Buffer.from(file[name], 'base64')
        const message = { [`${kind}Message`]: { ...file, mimetype } }
        const toBen = await dan.send(ben, message)
        await ben.sees(kind, row => row.id === toBen)
        assert.deepEqual(await ben.file(toBen), bytes, kind)
        const toAda = await dan.send(ada, message)
        const got = await ada.message(one => one.key.id === toAda && one.message && one)
        assert.deepEqual(await downloadMediaMessage(got, 'buffer', {}), bytes, kind)

        const { id: ofBen } = await ben.do('send', { to: dan.jid, kind, data, mime: mimetype })
        const { key } = await ada.send(dan, content(bytes))
        for (const id of [ofBen, key.id]) {
          const { content: encoded } = await dan.message(id)
          assert.deepEqual(Buffer.from(await dan.do('download', { content: encoded }), 'base64'), bytes, kind)
        }
      }
    }
  },
  {
    name: 'whatsmeow: in a group of three on three libraries, whoever makes it, everybody reads everybody',
    async play(stage) {
      const all = await three(stage)
      const { ada, ben, dan } = all
      const { id: first } = await ada.socket.groupCreate('Made by Baileys', [ben.jid, dan.jid])
      await dan.event('JoinedGroup', data => data.JID === first && data.Name === 'Made by Baileys')
      await everybodyReadsEverybody(first, all, 'one')
      const { jid: second } = await ben.do('groups', { subject: 'Made by Rust', members: [ada.phone, dan.phone] })
      await dan.event('JoinedGroup', data => data.JID === second)
      await everybodyReadsEverybody(second, all, 'two')
      const { JID: third } = await dan.do('create', { name: 'Made by whatsmeow', members: [ada.jid, ben.jid] })
      await ada.each('the new group', 'groups.upsert', one => one.id === third && one.subject === 'Made by whatsmeow')
      await notice(ben, third, 'create')
      for (const words of ['three', 'four']) await everybodyReadsEverybody(third, all, words)
    }
  },
  {
    name: 'whatsmeow: what is changed about a group is told, whichever of three libraries changes it',
    async play(stage) {
      const { ada, ben, dan } = await three(stage)
      const { id: group } = await ada.socket.groupCreate('Garden', [ben.jid])
      const code = await ada.socket.groupInviteCode(group)
      assert.equal(await dan.do('join', { code }), group)
      await told(ada, group, 'add', dan)
      await ada.socket.groupParticipantsUpdate(group, [dan.jid], 'promote')
      await dan.event('GroupInfo', data => data.JID === group && data.Promote?.some(jid => isWho(jid, dan)))
      await dan.do('rename', { jid: group, name: 'Orchard' })
      await ada.each('the new name', 'groups.update', one => one.id === group && one.subject === 'Orchard')
      await notice(ben, group, 'Orchard')
      await ben.do(`groups/${group}/leave`, {})
      await dan.event('GroupInfo', data => data.JID === group && data.Leave?.some(jid => isWho(jid, ben)))
      const [outcome] = await dan.do('members', { jid: group, members: [ben.jid], change: 'add' })
      assert.equal(outcome.Error, 0)
      await told(ada, group, 'add', ben)
      await everybodyReadsEverybody(group, { ada, ben, dan }, 'all here')
      await dan.do('leave', { jid: group })
      await told(ada, group, 'remove', dan)
      await notice(ben, group, '"remove"', dan.phone)
    }
  },
  {
    name: 'whatsmeow: what a person chooses in a poll of whatsmeow, whatsmeow decrypts',
    async play(stage) {
      // In a group, by LID. whatsmeow's own votes carry its number there, which nobody else expects.
      const { ada, ben, dan } = await three(stage)
      const { id: group } = await ada.socket.groupCreate('Polls', [ben.jid, dan.jid])
      await dan.event('JoinedGroup', data => data.JID === group)
      await notice(ben, group, 'create')
      const options = ['yes', 'no']
      const hash = createHash('sha256').update('yes').digest('base64')
      const id = await dan.do('ask', { to: group, question: 'Tea?', options })
      await ben.sees('the poll', row => row.id === id)
      const voted = await ben.do(`inbox/${id}/vote`, { options: ['yes'] })
      // The keys of a group's sender come under the same id, and before it.
      const counted = await dan.message(({ info, message }) => info.ID === voted.id && message.pollUpdateMessage)
      assert.deepEqual(counted.vote, [hash])
    }
  },
  {
    name: 'whatsmeow: beside Baileys on one account, each has what the other sends and what it keeps',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      // whatsmeow shows changes of what it has, and keeps the first state of everything to itself.
      await ada.socket.chatModify({ contact: { fullName: 'Ben' } }, ben.jid)
      const laptop = await stage.whatsmeow(ada.account)
      const said = await ben.say(ada, 'to both of you')
      await ada.message('to both of you')
      await laptop.message('to both of you')
      await ada.send(ben, { text: 'from Baileys' })
      const { info } = await laptop.message('from Baileys')
      assert.ok(info.IsFromMe && isWho(info.Chat, ben))
      await laptop.say(ben, 'from whatsmeow')
      const { key } = await ada.message('from whatsmeow')
      assert.deepEqual([key.fromMe, key.remoteJid], [true, ben.jid])
      for (const text of ['from Baileys', 'from whatsmeow']) await ben.hears(text, { from: ada })

      const shown = (what, wanted) => ada.each(what, CHATS, one => one.id === ben.jid && wanted(one))
      await laptop.do('keep', { chat: ben.jid, what: 'archive' })
      await shown('archived', one => one.archived === true)
      await laptop.do('keep', { chat: ben.jid, what: 'pin' })
      await shown('pinned', one => one.pinned > 0)
      await laptop.do('keep', { chat: ben.jid, what: 'mute' })
      await shown('muted', one => one.muteEndTime > 0)
      await laptop.do('keep', { chat: ben.jid, what: 'unread' })
      await shown('unread', one => one.unreadCount === -1)
      await laptop.do('keep', { chat: ben.jid, what: 'star', id: said })
      await ada.each('the star', 'messages.update', one => one.key.id === said && one.update.starred === true)

      const after = laptop.events.position
      const last = await ada.message('to both of you')
      const lastMessages = [{ key: last.key, messageTimestamp: last.messageTimestamp }]
      const isBen = data => isWho(data.JID ?? data.ChatJID, ben)
      for (const [change, event, wanted] of [
        [{ archive: false, lastMessages }, 'Archive', data => data.Action.archived !== true],
        [{ pin: false }, 'Pin', data => data.Action.pinned !== true],
        [{ mute: null }, 'Mute', data => data.Action.muted !== true],
        [{ markRead: true, lastMessages }, 'MarkChatAsRead', data => data.Action.read === true],
        [{ star: { messages: [last.key], star: false } }, 'Star', data => data.Action.starred !== true && data.MessageID === said],
        [{ contact: { fullName: 'Benjamin' } }, 'Contact', data => data.Action.fullName === 'Benjamin']
      ]) {
        await ada.socket.chatModify(change, ben.jid)
        await laptop.event(event, data => isBen(data) && wanted(data), { after })
      }
      // whatsmeow is told of its end while it ends it, and may complain that its store is gone already.
      await laptop.do('logout').catch(() => {})
      await ben.say(ada, 'to the one that is left')
      await ada.message('to the one that is left')
    }
  }
]
