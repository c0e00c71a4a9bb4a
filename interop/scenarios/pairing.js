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
    name: 'pairing: by the eight characters that Baileys shows',
    async play(stage) {
      const ada = await stage.unlinked('Ada')
      const ben = await stage.person('Ben')
      const after = ada.events.position
      ada.start()
      await ada.update('a connection', update => update.qr, after)
      const code = await ada.socket.requestPairingCode(ada.phone)
      await ada.asksForCode(stage.admin)
      await stage.admin.post(`/accounts/${ada.phone}/code`, { code })
      await ada.linked(after)
      await ben.say(ada, 'hello')
      await ada.message('hello')
      await ada.send(ben, { text: 'hello yourself' })
      await ben.hears('hello yourself', { from: ada })
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
