// Groups of three: a Baileys client, a person (whatsapp-rust) and a second Baileys client. Whoever makes the group, everybody reads
// everybody, and everybody is told of what changes.

import assert from 'node:assert/strict'

/** The three members; `ada` and `cleo` are Baileys, `ben` is whatsapp-rust. */
async function three(stage) {
  return { ada: await stage.baileys('Ada'), ben: await stage.person('Ben'), cleo: await stage.baileys('Cleo') }
}

/** Baileys makes a group; the JID. */
async function madeByBaileys(creator, subject, members) {
  const group = await creator.socket.groupCreate(subject, members.map(member => member.jid))
  assert.equal(group.participants.length, members.length + 1)
  return group.id
}

/** Everybody says something, and everybody else reads it, with the right author. */
async function everybodyReadsEverybody(group, { ada, ben, cleo }, words) {
  await ada.send(group, { text: `${words}, says Ada` })
  await cleo.send(group, { text: `${words}, says Cleo` })
  await ben.say(group, `${words}, says Ben`)
  for (const [name, from] of [['Ada', ada], ['Cleo', cleo]]) {
    const heard = await ben.hears(`${words}, says ${name}`)
    assert.equal(heard.chat, group)
    assert.equal(heard.push_name, name)
    assert.ok([from.phone, from.lid.split('@')[0]].includes(heard.sender.split('@')[0]), heard.sender)
  }
  for (const [reader, authors] of [[ada, { Ben: ben, Cleo: cleo }], [cleo, { Ada: ada, Ben: ben }]]) {
    for (const [name, author] of Object.entries(authors)) {
      const { key } = await reader.message(`${words}, says ${name}`)
      assert.equal(key.remoteJid, group)
      const users = [key.participant, key.participantAlt].map(jid => jid?.split(/[:@]/)[0])
      assert.ok(users.includes(author.phone), `${users} should name ${author.phone}`)
    }
  }
}

/** What Baileys tells of a change to the members of a group. */
function told(client, group, action, who) {
  return client.each(`${action} of ${who.name}`, 'group-participants.update', update => {
    const users = update.participants.flatMap(one => [one.id, one.phoneNumber, one.lid]).map(jid => jid?.split(/[:@]/)[0])
    return update.id === group && update.action === action && users.includes(who.phone)
  })
}

/** What a person is told of a change to a group: the first notice that has all `parts` in it. */
function notice(person, group, ...parts) {
  return person.told(`${parts.join(' ')} in ${group}`, one => {
    const text = JSON.stringify(one)
    return text.includes(group) && parts.every(part => [part].flat().some(either => text.includes(either)))
  })
}

const either = who => [who.phone, String(who.lid).split('@')[0]]

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
