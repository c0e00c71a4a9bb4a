// Linking Baileys to an account, and coming back with the keys it kept.

import assert from 'node:assert/strict'

export const pairing = [
  {
    name: 'pairing: by QR code, and again on the kept keys after a restart',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      await ben.say(ada, 'before')
      await ada.message('before')
      await ada.restart()
      await ben.say(ada, 'after')
      await ada.message('after')
      await ada.send(ben, { text: 'I am back' })
      await ben.hears('I am back', { from: ada })
    }
  },
  {
    name: 'pairing: a companion that its phone unlinks is logged out',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      await stage.admin.post(`/accounts/${ada.phone}/unlink`, { device: 1 })
      const reason = await ada.update('the end', update => update.lastDisconnect?.error?.output?.statusCode === 401)
      assert.ok(reason)
    }
  }
]
