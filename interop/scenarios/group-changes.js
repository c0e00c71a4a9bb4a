// What is changed about a group and its members: how it went for each of them, and what the others are told.

import assert from 'node:assert/strict'
import { isWho } from '../harness/admin.js'
import { either, madeByBaileys, notice, three, told } from '../harness/group.js'
import { PICTURE } from '../harness/picture.js'

/** The outcome for each person, by status, in the order of `people`. */
function outcomes(results, people) {
  return people.map(who => results.find(one => isWho(one.jid, who) || isWho(one.content?.attrs.phone_number, who))?.status)
}

/** Waits until Baileys tells of a change to a group that has all of `wanted`. */
function updated(client, group, wanted) {
  return client.each(`${JSON.stringify(wanted)} in ${group}`, 'groups.update', one =>
    one.id === group && Object.entries(wanted).every(([key, value]) => one[key] === value)
  )
}

export const groupChanges = [
  {
    name: 'group changes: Baileys learns for each person how it went, and invites who cannot be added',
    async play(stage) {
      const { ada, ben, cleo } = await three(stage)
      const dora = await stage.person('Dora')
      await stage.admin.post(`/accounts/${dora.phone}/privacy`, { category: 'groupadd', value: 'none' })
      const group = await madeByBaileys(ada, 'Garden', [cleo])
      const added = await ada.socket.groupParticipantsUpdate(group, [ben.jid, cleo.jid, dora.jid], 'add')
      assert.deepEqual(outcomes(added, [ben, cleo, dora]), ['200', '409', '403'])
      await told(cleo, group, 'add', ben)

      // Baileys wants to put the group's picture into the invitation, and gives up when there is none.
      await ada.socket.updateProfilePicture(group, PICTURE)
      const { attrs: invitation } = added.find(one => one.status === '403').content.content.find(node => node.tag === 'add_request')
      const groupInvite = { jid: group, subject: 'Garden', inviteCode: invitation.code, inviteExpiration: +invitation.expiration, text: 'join us' }
      const { key } = await ada.send(dora, { groupInvite })
      const { groupInviteMessage: shown } = await dora.content(key.id)
      const outcome = await dora.do('join', {
        invitation: { group: shown.groupJid, admin: ada.jid, code: shown.inviteCode, until_s: Number(shown.inviteExpiration) }
      })
      assert.deepEqual(outcome, { state: 'joined', group })
      await told(cleo, group, 'add', dora)
      await ada.send(group, { text: 'welcome, Dora' })
      await dora.hears('welcome, Dora')

      const promoted = await ada.socket.groupParticipantsUpdate(group, [ben.jid, cleo.jid], 'promote')
      assert.deepEqual(outcomes(promoted, [ben, cleo]), ['200', '200'])
      for (const who of [ben, cleo]) await notice(ben, group, 'promote', either(who))
      const demoted = await ada.socket.groupParticipantsUpdate(group, [cleo.jid], 'demote')
      assert.deepEqual(outcomes(demoted, [cleo]), ['200'])
      await notice(ben, group, 'demote', either(cleo))
      const removed = await ada.socket.groupParticipantsUpdate(group, [dora.jid, cleo.jid], 'remove')
      assert.deepEqual(outcomes(removed, [dora, cleo]), ['200', '200'])
      await notice(dora, group, 'remove', either(dora))
      const again = await ada.socket.groupParticipantsUpdate(group, [dora.jid], 'remove')
      assert.deepEqual(outcomes(again, [dora]), ['404'])
    }
  },
  {
    name: 'group changes: a person learns for each Baileys client how it went',
    async play(stage) {
      const { ada, ben, cleo } = await three(stage)
      const { jid: group } = await ben.do('groups', { subject: 'Kitchen', members: [ada.phone] })
      await cleo.socket.updateGroupsAddPrivacy('none')
      const change = async (name, ...whom) => {
        const { items } = await ben.do(`groups/${group}/members`, { change: name, members: whom.map(who => who.phone) })
        return whom.map(who => items.find(item => isWho(item.address, who))?.error)
      }
      assert.deepEqual(await change('add', ada, cleo), [409, 403])
      await cleo.socket.updateGroupsAddPrivacy('all')
      assert.deepEqual(await change('add', cleo), [null])
      await told(ada, group, 'add', cleo)
      for (const name of ['promote', 'demote', 'remove']) {
        assert.deepEqual(await change(name, cleo), [null])
        for (const client of [ada, cleo]) await told(client, group, name, cleo)
      }
      assert.deepEqual(await change('remove', cleo), [404])
    }
  },
  {
    name: 'group changes: name, description and settings that Baileys changes a person is told of and sees',
    async play(stage) {
      const { ada, ben, cleo } = await three(stage)
      const group = await madeByBaileys(ada, 'Garden', [ben, cleo])
      const { socket } = ada
      const seen = () => ben.get(`/groups/${group}`)

      await socket.groupUpdateSubject(group, 'Orchard')
      await notice(ben, group, 'subject', 'Orchard')
      await socket.groupUpdateDescription(group, 'Apples and pears')
      await notice(ben, group, 'description', 'Apples and pears')
      await updated(cleo, group, { desc: 'Apples and pears' })
      assert.deepEqual([(await seen()).subject, (await seen()).description], ['Orchard', 'Apples and pears'])
      await socket.groupUpdateDescription(group, 'Apples')
      await notice(ben, group, 'description', '"Apples"')
      await socket.groupUpdateDescription(group)
      await updated(cleo, group, { desc: undefined })
      assert.equal((await seen()).description, null)

      for (const [setting, field, is] of [
        ['announcement', 'announcement', true],
        ['not_announcement', 'announcement', false],
        ['locked', 'locked', true],
        ['unlocked', 'locked', false]
      ]) {
        await socket.groupSettingUpdate(group, setting)
        await notice(ben, group, `"${setting}"`)
        await updated(cleo, group, { [field === 'locked' ? 'restrict' : 'announce']: is })
        assert.equal((await seen())[field], is)
      }
      for (const mode of ['admin_add', 'all_member_add']) {
        await socket.groupMemberAddMode(group, mode)
        await notice(ben, group, 'member_add_mode', mode)
        await updated(cleo, group, { memberAddMode: mode === 'all_member_add' })
      }
    }
  },
  {
    name: 'group changes: name, description and settings that a person changes Baileys is told of and sees',
    async play(stage) {
      const { ada, ben, cleo } = await three(stage)
      const { jid: group } = await ben.do('groups', { subject: 'Kitchen', members: [ada.phone, cleo.phone] })
      const change = what => ben.do(`groups/${group}/change`, what)
      const meta = () => ada.socket.groupMetadata(group)

      await change({ subject: 'Cellar' })
      await updated(ada, group, { subject: 'Cellar' })
      await change({ description: 'Wine' })
      await updated(ada, group, { desc: 'Wine' })
      assert.deepEqual([(await meta()).subject, (await meta()).desc], ['Cellar', 'Wine'])
      for (const [setting, event] of [
        ['announcement', { announce: true }],
        ['not_announcement', { announce: false }],
        ['locked', { restrict: true }],
        ['unlocked', { restrict: false }],
        ['members_add', { memberAddMode: true }],
        ['admins_add', { memberAddMode: false }],
        ['approval', { joinApprovalMode: true }],
        ['no_approval', { joinApprovalMode: false }]
      ]) {
        await change({ setting })
        for (const client of [ada, cleo]) await updated(client, group, event)
        const [[field, is]] = Object.entries(event)
        assert.equal((await meta())[field], is, setting)
      }
    }
  },
  {
    name: 'group changes: where only admins write, a member on either library is refused and the admins are heard',
    async play(stage) {
      const { ada, ben, cleo } = await three(stage)
      const group = await madeByBaileys(ada, 'Board', [ben, cleo])
      await ada.socket.groupSettingUpdate(group, 'announcement')
      await updated(cleo, group, { announce: true })
      await notice(ben, group, '"announcement"')
      await assert.rejects(ben.say(group, 'may I?'))
      await cleo.send(group, { text: 'may I?' })
      await ada.socket.groupParticipantsUpdate(group, [ben.jid], 'promote')
      await notice(ben, group, 'promote', either(ben))
      await ben.say(group, 'now I may')
      await ada.message('now I may')
      await cleo.message('now I may')
      await ada.send(group, { text: 'so may I' })
      await ben.hears('so may I')
      assert.ok(!(await ben.inbox()).some(row => row.text === 'may I?'))
    }
  }
]
