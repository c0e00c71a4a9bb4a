// Media: what one side uploads, the other side downloads and decrypts, byte by byte.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { downloadMediaMessage } from 'baileys'
import { PICTURE } from '../harness/picture.js'

/** What stands for a preview; nobody looks into it. */
const PREVIEW = Buffer.from('a small picture')

/** A medium of each kind: what Baileys sends, and where it is in what comes. */
function each() {
  const paper = randomBytes(70_000)
  const sound = randomBytes(5_000)
  const film = randomBytes(90_000)
  const sticker = randomBytes(8_000)
  return [
    { kind: 'image', bytes: PICTURE, content: { image: PICTURE, mimetype: 'image/png', caption: 'a pixel' } },
    { kind: 'document', bytes: paper, content: { document: paper, mimetype: 'application/pdf', fileName: 'a.pdf' } },
    // With a preview, so that Baileys does not ask ffmpeg for one.
    { kind: 'video', bytes: film, content: { video: film, mimetype: 'video/mp4', caption: 'a film', jpegThumbnail: PREVIEW.toString('base64') } },
    { kind: 'sticker', bytes: sticker, content: { sticker, mimetype: 'image/webp' } },
    // Seconds, so that Baileys does not look into the file for them.
    { kind: 'audio', bytes: sound, content: { audio: sound, mimetype: 'audio/ogg; codecs=opus', ptt: true, seconds: 3 } }
  ]
}

export const media = [
  {
    name: 'media: pictures, papers and sounds come over as they were between two Baileys clients',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const cleo = await stage.baileys('Cleo')
      for (const { kind, bytes, content } of each()) {
        const { key } = await ada.send(cleo, content)
        const message = await cleo.message(one => one.key.id === key.id && one.message)
        assert.deepEqual(await downloadMediaMessage(message, 'buffer', {}), bytes, kind)
      }
    }
  },
  {
    name: 'media: what Baileys sends, a person downloads as it was',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      for (const { kind, bytes, content } of each()) {
        const { key } = await ada.send(ben, content)
        const heard = await ben.sees(kind, row => row.id === key.id)
        assert.equal(heard.kind, kind)
        assert.deepEqual(await ben.file(key.id), bytes, kind)
        assert.equal(heard.text ?? undefined, content.caption)
        assert.equal(heard.media.file_name ?? undefined, content.fileName)
        const preview = (await ben.content(key.id))[`${kind}Message`].jpegThumbnail
        if (kind === 'video') assert.deepEqual(Buffer.from(preview), PREVIEW)
        if (kind === 'image') assert.ok(preview.length > 0)
      }
    }
  },
  {
    name: 'media: what a person sends, Baileys downloads as it was',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      for (const { kind, bytes, content } of each()) {
        const { mimetype: mime, caption, fileName: file_name } = content
        const { id } = await ben.do('send', { to: ada.jid, kind, data: bytes.toString('base64'), mime, caption, file_name })
        const message = await ada.message(one => one.key.id === id && one.message)
        assert.deepEqual(await downloadMediaMessage(message, 'buffer', {}), bytes, kind)
        assert.equal(message.message[`${kind}Message`].mimetype, mime)
      }
    }
  },
  {
    name: 'media: what the server has no more, the phone puts back when Baileys asks',
    async play(stage) {
      const ada = await stage.baileys('Ada')
      const ben = await stage.person('Ben')
      const paper = randomBytes(30_000)
      const { id } = await ben.do('send', { to: ada.jid, kind: 'document', data: paper.toString('base64'), file_name: 'a.pdf' })
      const message = await ada.message(one => one.key.id === id && one.message && one)
      assert.deepEqual(await downloadMediaMessage(message, 'buffer', {}), paper)
      await stage.admin.post('/media/expire', { path: message.message.documentMessage.directPath })
      await assert.rejects(downloadMediaMessage(message, 'buffer', {}))
      const again = await ada.socket.updateMediaMessage(message)
      // It has a path now, and Baileys would look for it at the host that is built in.
      const host = new URL((await stage.admin.get('/media')).url).host
      assert.deepEqual(await downloadMediaMessage(again, 'buffer', { host }), paper)
    }
  }
]
