// Polls: who has the poll can read the votes, and nobody else. Each side counts what the other side encrypted.

import assert from 'node:assert/strict'
import { decryptPollVote, getAggregateVotesInPollMessage } from 'baileys'
import { isWho } from '../harness/admin.js'

const ANSWERS = ['yes', 'no']

/** A Baileys client and a person, and where they talk: with each other, and in a group of theirs. */
async function places(stage) {
  const ada = await stage.baileys('Ada')
  const ben = await stage.person('Ben')
  const { id: group } = await ada.socket.groupCreate('Polls', [ben.jid])
  return { ada, ben, chats: [{ toBen: ben.jid, toAda: ada.jid }, { toBen: group, toAda: group }] }
}

/**
 * Reads a vote about a poll of `creator`. Both are named in it by number or both by LID, whichever the chat addresses its members by;
 * Baileys leaves it to the bot to know.
 */
function read(voted, poll, creator, voter) {
  const { vote, senderTimestampMs } = voted.message.pollUpdateMessage
  const names = [[creator.jid, voter.jid], [creator.lid, `${voter.lid}@lid`]]
  for (const [pollCreatorJid, voterJid] of names) {
    try {
      const pollEncKey = poll.message.messageContextInfo.messageSecret
      const choice = decryptPollVote(vote, { pollEncKey, pollCreatorJid, pollMsgId: poll.key.id, voterJid })
      return { pollUpdateMessageKey: voted.key, vote: choice, senderTimestampMs }
    } catch {
      // Under the other names, then.
    }
  }
  throw new Error('the vote could not be read')
}

export const polls = [
  {
    name: 'polls: what a person chooses in a poll of Baileys, Baileys decrypts and counts, in a direct chat and in a group',
    async play(stage) {
      const { ada, ben, chats } = await places(stage)
      for (const { toBen } of chats) {
        const poll = await ada.send(toBen, { poll: { name: 'Tea?', values: ANSWERS, selectableCount: 1 } })
        const { pollCreationMessageV3: asked } = await ben.content(poll.key.id)
        assert.deepEqual([asked.name, ...asked.options.map(one => one.optionName)], ['Tea?', ...ANSWERS])
        for (const choice of [['yes'], ['no'], []]) {
          const { id } = await ben.do(`inbox/${poll.key.id}/vote`, { options: choice })
          const voted = await ada.message(one => one.key.id === id && one.message?.pollUpdateMessage && one)
          assert.equal(voted.message.pollUpdateMessage.pollCreationMessageKey.id, poll.key.id)
          const counted = getAggregateVotesInPollMessage({ message: poll.message, pollUpdates: [read(voted, poll, ada, ben)] }, ada.jid)
          assert.deepEqual(counted.map(one => one.name), ANSWERS)
          for (const { name, voters } of counted) assert.deepEqual(voters.map(jid => isWho(jid, ben)), choice.includes(name) ? [true] : [])
        }
      }
    }
  },
  {
    name: 'polls: a poll of a person is shown to Baileys with its answers, in a direct chat and in a group',
    async play(stage) {
      const { ada, ben, chats } = await places(stage)
      for (const { toAda } of chats) {
        const { id } = await ben.do('ask', { to: toAda, question: 'Tea?', options: ANSWERS, choices: 2 })
        const { message } = await ada.message(one => one.key.id === id && one.message && one)
        assert.deepEqual(message.pollCreationMessage.options.map(one => one.optionName), ANSWERS)
        assert.equal(message.pollCreationMessage.selectableOptionsCount, 2)
        assert.equal(message.messageContextInfo.messageSecret.length, 32)
      }
    }
  },
  {
    name: 'polls: a poll between two Baileys clients is shown with its answers',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const cleo = await stage.baileys('Cleo')
      const poll = await ada.send(cleo, { poll: { name: 'Tea?', values: ANSWERS, selectableCount: 1 } })
      const asked = await cleo.message(one => one.message?.pollCreationMessageV3)
      assert.equal(asked.key.id, poll.key.id)
      assert.deepEqual(asked.message.pollCreationMessageV3.options.map(option => option.optionName), ANSWERS)
    }
  }
]
