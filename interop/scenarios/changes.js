// What is done to a message afterwards: edits, deletions, reactions and quotes, in direct chats and in groups, in both directions.

import assert from 'node:assert/strict'
import { proto } from 'baileys'

const { REVOKE } = proto.WebMessageInfo.StubType

/** A Baileys client and a person; and where they talk: with each other, and in a group with a second Baileys client. */
async function places(stage) {
  const ada = await stage.baileys('Ada')
  const ben = await stage.person('Ben')
  const cleo = await stage.baileys('Cleo')
  const { id: group } = await ada.socket.groupCreate('Changes', [ben.jid, cleo.jid])
  return { ada, ben, cleo, group, chats: [{ toBen: ben.jid, toAda: ada.jid }, { toBen: group, toAda: group, group }] }
}

/** Waits until Baileys reports that message `id` reads `text` now. */
function edited(client, id, text) {
  return client.each(`the edit of ${id}`, 'messages.update', ({ key, update }) => {
    const now = update.message?.editedMessage?.message
    return key.id === id && (now?.conversation ?? now?.extendedTextMessage?.text) === text
  })
}

/** Waits until Baileys reports that message `id` was taken back. */
function revoked(client, id) {
  return client.each(`the deletion of ${id}`, 'messages.update', ({ key, update }) => key.id === id && update.messageStubType === REVOKE)
}

/** Waits for the reaction `text` to message `id`. */
async function reacted(client, id, text) {
  const reaction = one => one.reaction ?? one.reactions?.at(-1)
  return client.reported(`the reaction ${text || 'taken back'}`, 'messages.reaction', id, one => {
    const found = reaction(one)
    return found && (found.text ?? '') === text && found
  })
}

export const changes = [
  {
    name: 'changes: what Baileys edits and takes back, a person is told of, in a direct chat and in a group',
    async play(stage) {
      const { ada, ben, chats } = await places(stage)
      for (const { toBen } of chats) {
        const { key } = await ada.send(toBen, { text: 'tpyo' })
        await ben.sees('the message', row => row.id === key.id)
        await ada.send(toBen, { text: 'typo', edit: key })
        await ben.sees('the edit', row => row.change?.edited?.target === key.id && row.change.edited.text === 'typo')
        await ada.send(toBen, { delete: key })
        await ben.sees('the deletion', row => row.change?.revoked?.target === key.id)
      }
    }
  },
  {
    name: 'changes: what a person edits and takes back, Baileys is told of, in a direct chat and in a group',
    async play(stage) {
      const { ada, ben, cleo, chats } = await places(stage)
      for (const { toAda, group } of chats) {
        const id = await ben.say(toAda, 'tpyo')
        const readers = group ? [ada, cleo] : [ada]
        for (const reader of readers) await reader.message(one => one.key.id === id && one.message)
        await ben.do('edit', { id, text: 'typo' })
        for (const reader of readers) await edited(reader, id, 'typo')
        await ben.do('revoke', { id })
        for (const reader of readers) await revoked(reader, id)
      }
    }
  },
  {
    name: 'changes: edits and deletions between two Baileys clients name the message they are about',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const cleo = await stage.baileys('Cleo')
      const { key } = await ada.send(cleo, { text: 'tpyo' })
      await cleo.message('tpyo')
      await ada.send(cleo, { text: 'typo', edit: key })
      await edited(cleo, key.id, 'typo')
      await ada.send(cleo, { delete: key })
      await revoked(cleo, key.id)
    }
  },
  {
    name: 'changes: an admin of a group takes back what others wrote, whichever library they use',
    async play(stage) {
      const { ada, ben, cleo, group } = await places(stage)
      const said = await ben.say(group, 'off topic')
      const heard = await ada.message('off topic')
      await cleo.message('off topic')
      await ada.send(group, { delete: heard.key })
      await revoked(cleo, said)
      await ben.sees('the deletion', row => row.change?.revoked?.target === said)

      await ada.socket.groupParticipantsUpdate(group, [ben.jid], 'promote')
      const { key } = await cleo.send(group, { text: 'advertisement' })
      await ada.message('advertisement')
      await ben.hears('advertisement')
      await ben.do('revoke', { id: key.id })
      for (const client of [ada, cleo]) await revoked(client, key.id)
    }
  },
  {
    name: 'changes: reactions come and go in both directions, in a direct chat and in a group',
    async play(stage) {
      const { ada, ben, chats } = await places(stage)
      for (const { toBen, toAda } of chats) {
        const { key } = await ada.send(toBen, { text: 'react to me' })
        await ben.sees('the message', row => row.id === key.id)
        for (const emoji of ['👍', '']) {
          await ben.do('react', { id: key.id, emoji })
          await reacted(ada, key.id, emoji)
        }
        const said = await ben.say(toAda, 'and to me')
        const heard = await ada.message(one => one.key.id === said && one.message && one)
        for (const text of ['🎉', '']) {
          await ada.send(toBen, { react: { text, key: heard.key } })
          await ben.sees('the reaction', row => row.reaction?.target === said && row.reaction.emoji === text)
        }
      }
    }
  },
  {
    name: 'changes: quotes name the message they answer and who wrote it, in both directions in a group',
    async play(stage) {
      const { ada, ben, group } = await places(stage)
      const question = await ben.say(group, 'tea or coffee?')
      const asked = await ada.message('tea or coffee?')
      const answer = await ada.send(group, { text: 'coffee' }, { quoted: asked })
      assert.equal((await ben.hears('coffee')).quoted, question)
      const { extendedTextMessage } = await ben.content(answer.key.id)
      assert.equal(extendedTextMessage.contextInfo.participant, `${ben.lid}@lid`)
      assert.equal(extendedTextMessage.contextInfo.quotedMessage.conversation || extendedTextMessage.contextInfo.quotedMessage.extendedTextMessage.text, 'tea or coffee?')
      await ben.say(group, 'as always', answer.key.id)
      const { contextInfo } = (await ada.message('as always')).message.extendedTextMessage
      assert.equal(contextInfo.stanzaId, answer.key.id)
      assert.equal(contextInfo.participant, ada.lid)
    }
  }
]
