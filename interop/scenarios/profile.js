// What an account shows of itself: name, about text, picture; and who is there at all.

import assert from 'node:assert/strict'
import { CONTACTS } from '../harness/client.js'
import { PICTURE } from '../harness/picture.js'

/** Writes in both directions, so that each has the other as a contact. */
async function acquainted(one, other) {
  await one.send(other, { text: 'hello' })
  await other.message('hello')
  await other.send(one, { text: 'hello yourself' })
  await one.message('hello yourself')
}

/** The first bytes of a JPEG. */
const isJpeg = bytes => bytes[0] === 0xff && bytes[1] === 0xd8

async function fetched(url) {
  const response = await fetch(url)
  assert.equal(response.status, 200)
  return Buffer.from(await response.arrayBuffer())
}

export const profile = [
  {
    name: 'profile: a name that Baileys takes is what others read beside its messages, and what its other companion has',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const tablet = await stage.baileys(ada.account)
      const ben = await stage.person('Ben')
      await ada.send(ben, { text: 'I am Ada' })
      assert.equal((await ben.hears('I am Ada')).push_name, 'Ada')
      await ada.socket.updateProfileName('Ada Lovelace')
      await tablet.each('the name', 'creds.update', ({ me }) => me?.name === 'Ada Lovelace')
      await ada.comeOnline()
      await ada.send(ben, { text: 'now I am more' })
      assert.equal((await ben.hears('now I am more')).push_name, 'Ada Lovelace')
    }
  },
  {
    name: 'profile: about texts are written and read, of a person by Baileys and of Baileys by another',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      const cleo = await stage.baileys('Cleo')
      await ben.do('about', { text: 'In the garden' })
      await ada.socket.updateProfileStatus('In the library')
      const about = async (reader, of) => (await reader.socket.fetchStatus(of.jid))[0].status.status
      assert.equal(await about(ada, ben), 'In the garden')
      assert.equal(await about(cleo, ada), 'In the library')
      assert.equal((await ben.get('/contact', { of: ada.phone })).contact.about, 'In the library')
      await ada.socket.updateStatusPrivacy('none')
      assert.notEqual(await about(cleo, ada), 'In the library')
    }
  },
  {
    name: 'profile: a picture that Baileys sets is told to others and fetched by them, until it is removed',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const cleo = await stage.baileys('Cleo')
      await acquainted(ada, cleo)
      await assert.rejects(cleo.socket.profilePictureUrl(ada.jid, 'image'))
      await ada.socket.updateProfilePicture(ada.jid, PICTURE)
      await cleo.each('the picture', CONTACTS, one => one.id === ada.jid && one.imgUrl === 'changed')
      for (const type of ['preview', 'image']) assert.ok(isJpeg(await fetched(await cleo.socket.profilePictureUrl(ada.jid, type))), type)
      const after = cleo.events.position
      await ada.socket.removeProfilePicture(ada.jid)
      await cleo.each('that it is gone', CONTACTS, one => one.id === ada.jid && one.imgUrl === 'removed', { after })
      await assert.rejects(cleo.socket.profilePictureUrl(ada.jid, 'image'))
    }
  },
  {
    name: 'profile: pictures are seen in both directions between Baileys and a person',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      await ada.send(ben, { text: 'hello' })
      await ben.say(ada, 'hello yourself')
      await ada.message('hello yourself')
      await ada.socket.updateProfilePicture(ada.jid, PICTURE)
      const { jpeg } = await ben.get('/picture', { of: ada.phone })
      assert.ok(isJpeg(Buffer.from(jpeg, 'base64')))
      const mine = Buffer.from([0xff, 0xd8, 0xff, 0xe0, 1, 2, 3])
      await ben.do('picture', { jpeg: mine.toString('base64') })
      await ada.each('the picture', CONTACTS, one => one.id === ben.jid && one.imgUrl === 'changed')
      assert.deepEqual(await fetched(await ada.socket.profilePictureUrl(ben.jid, 'image')), mine)
    }
  },
  {
    name: 'profile: a picture that Baileys sets for a group is fetched by its members',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const cleo = await stage.baileys('Cleo')
      const { id: group } = await ada.socket.groupCreate('Gallery', [cleo.jid])
      await cleo.each('the new group', 'groups.upsert', one => one.id === group)
      await ada.socket.updateProfilePicture(group, PICTURE)
      await cleo.each('the picture', CONTACTS, one => one.id === group && one.imgUrl === 'changed')
      assert.ok(isJpeg(await fetched(await cleo.socket.profilePictureUrl(group, 'image'))))
      await ada.socket.removeProfilePicture(group)
      await cleo.each('that it is gone', CONTACTS, one => one.id === group && one.imgUrl === 'removed')
    }
  },
  {
    name: 'profile: Baileys finds out who is there, and what a business tells about itself',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      const found = await ada.socket.onWhatsApp(ben.phone, '4915100000000')
      assert.deepEqual(found.filter(one => one.exists).map(one => one.jid), [ben.jid])
      assert.equal(await ada.socket.getBusinessProfile(ben.jid), undefined)
      const told = { name: 'Bakery', description: 'Bread and cake', email: 'bread@bakery.example', websites: ['https://bakery.example'] }
      await stage.admin.post(`/accounts/${ben.phone}/business`, told)
      const { description, email, website } = await ada.socket.getBusinessProfile(ben.jid)
      assert.deepEqual([description, email, website], [told.description, told.email, told.websites])
    }
  }
]
