// Groups of three, a Baileys client, a person (whatsapp-rust) and a second Baileys client: who reads whom, and who is told of what.

import assert from 'node:assert/strict'
import { isWho } from './admin.js'

/** The three members; `ada` and `cleo` are Baileys, `ben` is whatsapp-rust. */
export async function three(stage) {
  return { ada: await stage.baileys('Ada'), ben: await stage.person('Ben'), cleo: await stage.baileys('Cleo') }
}

/** Baileys makes a group; the JID. */
export async function madeByBaileys(creator, subject, members) {
  const group = await creator.socket.groupCreate(subject, members.map(member => member.jid))
  assert.equal(group.participants.length, members.length + 1)
  return group.id
}

/** Everybody says something, and everybody else reads it, with the right author. */
export async function everybodyReadsEverybody(group, { ada, ben, cleo }, words) {
  await ada.send(group, { text: `${words}, says Ada` })
  await cleo.send(group, { text: `${words}, says Cleo` })
  await ben.say(group, `${words}, says Ben`)
  for (const [name, from] of [['Ada', ada], ['Cleo', cleo]]) {
    const heard = await ben.hears(`${words}, says ${name}`)
    assert.equal(heard.chat, group)
    assert.equal(heard.push_name, name)
    assert.ok(isWho(heard.sender, from), heard.sender)
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
export function told(client, group, action, who) {
  return client.each(`${action} of ${who.name}`, 'group-participants.update', update => {
    const users = update.participants.flatMap(one => [one.id, one.phoneNumber, one.lid]).map(jid => jid?.split(/[:@]/)[0])
    return update.id === group && update.action === action && users.includes(who.phone)
  })
}

/** What a person is told of a change to a group: the first notice that has all `parts` in it. */
export function notice(person, group, ...parts) {
  return person.told(`${parts.join(' ')} in ${group}`, one => {
    const text = JSON.stringify(one)
    return text.includes(group) && parts.every(part => [part].flat().some(either => text.includes(either)))
  })
}

/** The number or the LID of somebody: what a notice may name them by. */
export const either = who => [who.phone, String(who.lid).split('@')[0]]
