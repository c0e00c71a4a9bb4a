// Groups of three: a Baileys client, a person (whatsapp-rust) and a second Baileys client. Whoever makes the group, everybody reads
// everybody, and everybody is told of what changes.

import assert from 'node:assert/strict'
import { either, everybodyReadsEverybody, madeByBaileys, notice, three, told } from '../harness/group.js'

export const groups = [
  {
    name: 'groups: made by Baileys, three members on two libraries read each other',
    async play(stage) {
      const all = await three(stage)
      const group = await madeByBaileys(all.ada, 'Garden', [all.ben, all.cleo])
      await all.cleo.each('the new group', 'groups.upsert', one => one.id === group && one.subject === 'Garden')
      await notice(all.ben, group, 'create')
      await everybodyReadsEverybody(group, all, 'first')
      await everybodyReadsEverybody(group, all, 'second')
    }
  },
  {
    name: 'groups: made by whatsapp-rust, three members on two libraries read each other',
    async play(stage) {
      const all = await three(stage)
      const { jid: group } = await all.ben.do('groups', { subject: 'Kitchen', members: [all.ada.phone, all.cleo.phone] })
      for (const client of [all.ada, all.cleo]) {
        await client.each('the new group', 'groups.upsert', one => one.id === group && one.subject === 'Kitchen')
      }
      await everybodyReadsEverybody(group, all, 'first')
    }
  },
  {
    name: 'groups: what Baileys changes the others are told of',
    async play(stage) {
      const { ada, ben, cleo } = await three(stage)
      const group = await madeByBaileys(ada, 'Garden', [cleo])
      await ada.socket.groupParticipantsUpdate(group, [ben.jid], 'add')
      await told(cleo, group, 'add', ben)
      await everybodyReadsEverybody(group, { ada, ben, cleo }, 'now we are three')
      await ada.socket.groupParticipantsUpdate(group, [ben.jid], 'promote')
      await told(cleo, group, 'promote', ben)
      await notice(ben, group, 'promote', either(ben))
      await ada.socket.groupUpdateSubject(group, 'Orchard')
      await cleo.each('the new name', 'groups.update', one => one.id === group && one.subject === 'Orchard')
      await notice(ben, group, 'Orchard')
      await ada.socket.groupParticipantsUpdate(group, [ben.jid], 'remove')
      await told(cleo, group, 'remove', ben)
      await notice(ben, group, 'remove', either(ben))
      const { participants } = await cleo.socket.groupMetadata(group)
      assert.equal(participants.length, 2)
    }
  },
  {
    name: 'groups: what whatsapp-rust changes Baileys is told of',
    async play(stage) {
      const { ada, ben, cleo } = await three(stage)
      const { jid: group } = await ben.do('groups', { subject: 'Kitchen', members: [ada.phone] })
      const members = (change, who) => ben.do(`groups/${group}/members`, { change, members: [who.phone] })
      await members('add', cleo)
      await told(ada, group, 'add', cleo)
      await everybodyReadsEverybody(group, { ada, ben, cleo }, 'now we are three')
      await members('promote', cleo)
      for (const client of [ada, cleo]) await told(client, group, 'promote', cleo)
      await ben.do(`groups/${group}/change`, { subject: 'Cellar' })
      for (const client of [ada, cleo]) {
        await client.each('the new name', 'groups.update', one => one.id === group && one.subject === 'Cellar')
      }
      await members('demote', cleo)
      await told(ada, group, 'demote', cleo)
      await members('remove', cleo)
      for (const client of [ada, cleo]) await told(client, group, 'remove', cleo)
    }
  },
  {
    name: 'groups: what is said while one member is away comes when it is back',
    async play(stage) {
      const all = await three(stage)
      const group = await madeByBaileys(all.ada, 'Garden', [all.ben, all.cleo])
      await everybodyReadsEverybody(group, all, 'hello')
      await all.cleo.stop()
      await all.ada.send(group, { text: 'you are away' })
      await all.ben.say(group, 'come back')
      await all.ben.hears('you are away')
      await all.cleo.restart()
      for (const text of ['you are away', 'come back']) await all.cleo.message(text)
      await everybodyReadsEverybody(group, all, 'welcome back')
    }
  }
]
