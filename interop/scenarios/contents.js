// What a message may hold besides text, and what may be done to it afterwards.

import assert from 'node:assert/strict'
import { proto } from 'baileys'

const { REVOKE } = proto.WebMessageInfo.StubType

export const contents = [
  {
    name: 'contents: what Baileys edits and takes back, a person is told of',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      const { key } = await ada.send(ben, { text: 'tpyo' })
      await ben.hears('tpyo')
      await ada.send(ben, { text: 'typo', edit: key })
      await ben.sees('the edit', row => row.kind === 'protocol' || row.text === 'typo')
      await ada.send(ben, { delete: key })
      await ben.sees('both', row => row.seq >= 3 && row.kind === 'protocol')
    }
  },
  {
    name: 'contents: edits and deletions between two Baileys clients name the message they are about',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const cleo = await stage.baileys('Cleo')
      const { key } = await ada.send(cleo, { text: 'tpyo' })
      await cleo.message('tpyo')
      await ada.send(cleo, { text: 'typo', edit: key })
      const isAbout = one => one.key.id === key.id
      const edited = await cleo.each('the edit', 'messages.update', one => isAbout(one) && one.update.message?.editedMessage)
      assert.equal(edited.message.extendedTextMessage?.text ?? edited.message.conversation, 'typo')
      await ada.send(cleo, { delete: key })
      await cleo.each('the deletion', 'messages.update', one => isAbout(one) && one.update.messageStubType === REVOKE)
    }
  },
  {
    name: 'contents: a poll of Baileys is shown with its answers',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const cleo = await stage.baileys('Cleo')
      const poll = await ada.send(cleo, { poll: { name: 'Tea?', values: ['yes', 'no'], selectableCount: 1 } })
      const asked = await cleo.message(one => one.message?.pollCreationMessageV3 ?? one.message?.pollCreationMessage)
      assert.equal(asked.key.id, poll.key.id)
      const { options } = asked.message.pollCreationMessageV3 ?? asked.message.pollCreationMessage
      assert.deepEqual(options.map(option => option.optionName), ['yes', 'no'])
    }
  },
  {
    name: 'contents: places and cards arrive as they were sent',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      const cleo = await stage.baileys('Cleo')
      const place = { location: { degreesLatitude: 50.94, degreesLongitude: 6.96, name: 'Dom' } }
      const card = { contacts: { displayName: 'Cleo', contacts: [{ vcard: 'BEGIN:VCARD\nFN:Cleo\nEND:VCARD' }] } }
      for (const to of [ben, cleo]) for (const content of [place, card]) await ada.send(to, content)
      for (const kind of ['location', 'contact']) await ben.sees(kind, row => row.kind === kind)
      const { message } = await cleo.message(one => one.message?.locationMessage)
      assert.equal(message.locationMessage.degreesLatitude, 50.94)
      const { message: other } = await cleo.message(one => one.message?.contactMessage)
      assert.match(other.contactMessage.vcard, /FN:Cleo/)
    }
  }
]
