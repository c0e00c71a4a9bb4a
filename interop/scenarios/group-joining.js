// Coming into groups and leaving them: links, approval by an admin, communities.

import assert from 'node:assert/strict'
import { isWho } from '../harness/admin.js'
import { either, everybodyReadsEverybody, madeByBaileys, notice, three, told } from '../harness/group.js'

const codeOf = link => link.split('/').at(-1)

export const groupJoining = [
  {
    name: 'joining: a person joins by the link of Baileys, and leaves',
    async play(stage) {
      const { ada, ben, cleo } = await three(stage)
      const group = await madeByBaileys(ada, 'Garden', [cleo])
      const code = await ada.socket.groupInviteCode(group)
      assert.deepEqual(await ben.do('join', { link: `https://chat.whatsapp.com/${code}` }), { state: 'joined', group })
      for (const client of [ada, cleo]) await told(client, group, 'add', ben)
      await everybodyReadsEverybody(group, { ada, ben, cleo }, 'joined')
      await ben.do(`groups/${group}/leave`, {})
      for (const client of [ada, cleo]) await told(client, group, 'remove', ben)
      const renewed = await ada.socket.groupRevokeInvite(group)
      assert.notEqual(renewed, code)
      await assert.rejects(ben.do('join', { link: code }))
      await ben.do('join', { link: renewed })
      await everybodyReadsEverybody(group, { ada, ben, cleo }, 'and back')
    }
  },
  {
    name: 'joining: Baileys looks at the link of a person, joins by it, and leaves',
    async play(stage) {
      const { ada, ben, cleo } = await three(stage)
      const { jid: group } = await ben.do('groups', { subject: 'Kitchen', members: [cleo.phone] })
      const code = codeOf((await ben.do(`groups/${group}/link`, {})).link)
      const looked = await ada.socket.groupGetInviteInfo(code)
      assert.deepEqual([looked.id, looked.subject], [group, 'Kitchen'])
      assert.equal(await ada.socket.groupAcceptInvite(code), group)
      await told(cleo, group, 'add', ada)
      await notice(ben, group, '"add"', either(ada))
      await everybodyReadsEverybody(group, { ada, ben, cleo }, 'joined')
      await ada.socket.groupLeave(group)
      await told(cleo, group, 'remove', ada)
      await notice(ben, group, '"remove"', either(ada))
      await ben.do(`groups/${group}/link`, { link: 'renewed' })
      await assert.rejects(ada.socket.groupAcceptInvite(code))
    }
  },
  {
    name: 'joining: Baileys lets in who asked, and turns away who else asked',
    async play(stage) {
      const { ada, ben, cleo } = await three(stage)
      const dora = await stage.person('Dora')
      const group = await madeByBaileys(ada, 'Club', [cleo])
      await ada.socket.groupJoinApprovalMode(group, 'on')
      const code = await ada.socket.groupInviteCode(group)
      for (const person of [ben, dora]) {
        assert.deepEqual(await person.do('join', { link: code }), { state: 'waiting', group })
        await ada.each('the request', 'group.join-request', one => one.id === group && one.action === 'created' && isWho(one.participant, person))
      }
      const waiting = await ada.socket.groupRequestParticipantsList(group)
      assert.equal(waiting.length, 2)
      const [approved] = await ada.socket.groupRequestParticipantsUpdate(group, [ben.jid], 'approve')
      assert.equal(approved.status, '200')
      await told(cleo, group, 'add', ben)
      const [rejected] = await ada.socket.groupRequestParticipantsUpdate(group, [dora.jid], 'reject')
      assert.equal(rejected.status, '200')
      await everybodyReadsEverybody(group, { ada, ben, cleo }, 'let in')
      assert.equal((await ada.socket.groupRequestParticipantsList(group)).length, 0)
      await assert.rejects(dora.say(group, 'am I in?'))
    }
  },
  {
    name: 'joining: a person lets Baileys in when it asked',
    async play(stage) {
      const { ada, ben, cleo } = await three(stage)
      const { jid: group } = await ben.do('groups', { subject: 'Club', members: [cleo.phone] })
      await ben.do(`groups/${group}/change`, { setting: 'approval' })
      await ada.socket.groupAcceptInvite(codeOf((await ben.do(`groups/${group}/link`, {})).link))
      await notice(ben, group, 'created_membership_requests')
      const { items } = await ben.get(`/groups/${group}/requests`)
      assert.ok(items.length === 1 && isWho(items[0], ada), items.join())
      await ben.do(`groups/${group}/members`, { change: 'approve', members: [ada.phone] })
      await told(cleo, group, 'add', ada)
      await everybodyReadsEverybody(group, { ada, ben, cleo }, 'let in')
    }
  },
  {
    name: 'joining: a community of Baileys, groups made in it, linked and unlinked, as a person sees them',
    async play(stage) {
      const { ada, ben, cleo } = await three(stage)
      const community = await ada.socket.communityCreate('Village', 'All of us')
      assert.ok(community.isCommunity && community.subject === 'Village')
      const inside = await ada.socket.communityCreateGroup('Choir', [ben.jid, cleo.jid], community.id)
      assert.equal(inside.linkedParent, community.id)
      await notice(ben, inside.id, 'create')
      assert.equal((await ben.get(`/groups/${inside.id}`)).community, community.id)
      await everybodyReadsEverybody(inside.id, { ada, ben, cleo }, 'in the choir')

      const garden = await madeByBaileys(ada, 'Garden', [ben])
      await ada.socket.communityLinkGroup(garden, community.id)
      await notice(ben, garden, '"link"')
      const linked = async () => (await ada.socket.communityFetchLinkedGroups(community.id)).linkedGroups.map(one => one.id)
      assert.ok((await linked()).includes(garden) && (await linked()).includes(inside.id))
      assert.equal((await ben.get(`/groups/${garden}`)).community, community.id)
      await ada.socket.communityUnlinkGroup(garden, community.id)
      await notice(ben, garden, '"unlink"')
      assert.ok(!(await linked()).includes(garden))
      assert.equal((await ben.get(`/groups/${garden}`)).community, null)
    }
  },
  {
    name: 'joining: a community of a person, as Baileys sees it',
    async play(stage) {
      const { ada, ben } = await three(stage)
      const { jid: community } = await ben.do('communities', { name: 'Village' })
      const { jid: group } = await ben.do('groups', { subject: 'Choir', members: [ada.phone] })
      await ben.do(`groups/${community}/subgroups`, { link: group })
      const meta = await ada.socket.groupMetadata(group)
      assert.equal(meta.linkedParent, community)
      const found = await ada.socket.communityFetchLinkedGroups(group)
      assert.deepEqual([found.communityJid, found.isCommunity], [community, false])
      assert.ok(found.linkedGroups.some(one => one.id === group && one.subject === 'Choir'))
      await ben.say(group, 'sing with us')
      await ada.message('sing with us')
      await ada.send(group, { text: 'I will' })
      await ben.hears('I will')
    }
  }
]
