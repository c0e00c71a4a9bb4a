// Media: what one side uploads, the other side downloads and decrypts, byte by byte.

import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { downloadMediaMessage } from 'baileys'

/** A picture of one pixel. Baileys shrinks pictures for the preview, so it has to be one. */
const PICTURE = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64'
)

/** A medium of each kind: what Baileys sends, and where it is in what comes. */
function each() {
  const paper = randomBytes(70_000)
  const sound = randomBytes(5_000)
  return [
    { kind: 'image', bytes: PICTURE, content: { image: PICTURE, mimetype: 'image/png', caption: 'a pixel' } },
    { kind: 'document', bytes: paper, content: { document: paper, mimetype: 'application/pdf', fileName: 'a.pdf' } },
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
  }
]
