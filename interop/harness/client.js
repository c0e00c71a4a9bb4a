// A Baileys client: `makeWASocket` with keys in memory, pointed at the simulator, and everything it says on record.

import makeWASocket, { DisconnectReason, makeCacheableSignalKeyStore } from 'baileys'
import { Events } from './events.js'
import { Keys } from './keys.js'
import { poll } from './patience.js'

/** Where changes of chats and of contacts are told: one that Baileys has not shown yet is shown with its change. */
export const CHATS = ['chats.update', 'chats.upsert']
export const CONTACTS = ['contacts.update', 'contacts.upsert']

/** Any version will do, as long as it is fixed: Baileys would go on working with the one it was released with. */
const VERSION = [2, 3000, 1_035_194_821]

export class Client {
  #settings
  #own
  #keys = new Keys()
  #log
  #socket
  /** Message contents by id, for others who could not read them: what `getMessage` answers. */
  #sent = new Map()

  /** `settings`, or what they make of the stored keys, go to `makeWASocket`, over what every client here has. */
  constructor({ url, account, log, logLevel, settings = {} }) {
    this.account = account
    this.phone = account.phone
    this.jid = `${account.phone}@s.whatsapp.net`
    this.lid = `${account.lid}@lid`
    this.name = `Baileys ${account.push_name}`
    this.events = new Events(this.name)
    this.#log = log
    this.#own = settings
    this.#settings = {
      waWebSocketUrl: url,
      version: VERSION,
      logger: log.logger(this.name, logLevel),
      getMessage: async key => this.#sent.get(key.id),
      // Without this, a new client waits 20 seconds for history before it shows what changed meanwhile.
      shouldSyncHistoryMessage: () => false,
      syncFullHistory: false
    }
  }

  /** The socket of the current connection. */
  get socket() {
    return this.#socket
  }

  /** Connects with the keys it has. Follows the server's wish to log in anew after pairing, and no other end. */
  start() {
    const { creds, keys } = this.#keys.open()
    const auth = { creds, keys: makeCacheableSignalKeyStore(keys, this.#settings.logger) }
    const own = typeof this.#own === 'function' ? this.#own({ creds, keys }) : this.#own
    const socket = makeWASocket({ ...this.#settings, auth, ...own })
    this.#socket = socket
    socket.ev.on('creds.update', () => this.#keys.save(socket.authState.creds))
    socket.ev.process(events => {
      for (const [name, data] of Object.entries(events)) {
        this.events.add(name, data)
        if (name === 'messages.upsert') this.#remember(data.messages)
        if (name === 'connection.update' && data.connection === 'close' && this.#socket === socket) this.#closed(data)
      }
    })
  }

  #closed({ lastDisconnect }) {
    const reason = lastDisconnect?.error?.output?.statusCode
    this.#log.add(this.name, 'info', { reason }, 'connection closed')
    if (reason === DisconnectReason.restartRequired) this.start()
  }

  #remember(messages) {
    for (const { key, message } of messages) {
      if (key.fromMe && message) this.#sent.set(key.id, message)
    }
  }

  /** Links itself by a QR code that the account's phone scans, and waits until it is set up. */
  async link(admin) {
    const after = this.events.position
    this.start()
    const code = await this.update('a QR code', update => update.qr, after)
    await admin.post(`/accounts/${this.phone}/scan`, { qr: code })
    await this.linked(after)
    return this
  }

  /** Waits until its phone has been told that this client wants to be linked by a code. */
  asksForCode(admin) {
    return poll(`${this.name}: a wish for a code`, () => admin.get(`/accounts/${this.phone}/code`).catch(() => undefined))
  }

  /** Waits until it is connected and its phone has told it its name, without which it does not call itself available. */
  async linked(after) {
    await this.open(after)
    await this.each('its own name', 'creds.update', ({ me }) => me?.name, { after })
  }

  /** Calls itself available. Until then what it receives is delivered to nobody's eyes, and the sender is told so. */
  comeOnline() {
    return this.#socket.sendPresenceUpdate('available')
  }

  /** Waits until it is connected and has what queued for it. */
  async open(after = 0) {
    await this.update('an open connection', update => update.connection === 'open', after)
    await this.update('the end of the backlog', update => update.receivedPendingNotifications, after)
  }

  /** Hangs up and keeps its keys. */
  async stop() {
    const socket = this.#socket
    this.#socket = undefined
    if (socket) {
      this.#keys.save(socket.authState.creds)
      await socket.end(undefined)
    }
  }

  /** Comes back with the keys it kept. */
  async restart() {
    await this.stop()
    const after = this.events.position
    this.start()
    await this.open(after)
  }

  /** Sends anything `sendMessage` takes, to a client, a person or a JID; the whole message. */
  async send(to, content, options) {
    const sent = await this.#socket.sendMessage(to.jid ?? to, content, options)
    this.#sent.set(sent.key.id, sent.message)
    return sent
  }

  /** What `pick` finds in a connection update. */
  update(what, pick, after) {
    return this.events.first(what, ({ name, data }) => (name === 'connection.update' ? pick(data) || undefined : undefined), { after })
  }

  /** The first message with `id` or `text` that it could read, whoever sent it. */
  message(wanted, options) {
    const found = message =>
      typeof wanted === 'function' ? wanted(message) : textOf(message) === wanted && message.message
    return this.events.first(
      `message ${wanted}`,
      ({ name, data }) => (name === 'messages.upsert' ? data.messages.find(found) : undefined),
      options
    )
  }

  /** Every message it was told of, in order. */
  messages(after) {
    return this.events.all(({ name, data }) => (name === 'messages.upsert' ? data.messages : undefined), after).flat()
  }

  /**
   * What `pick` finds in an event about message `id`, or in the message itself: what happens to a message that Baileys has not shown yet
   * is told with it and not apart.
   */
  reported(what, event, id, pick) {
    return this.events.first(what, ({ name, data }) => {
      const told = name === event ? data : name === 'messages.upsert' ? data.messages : []
      for (const one of told) {
        const found = one.key.id === id && pick(one)
        if (found) return found
      }
      return undefined
    })
  }

  /** The first thing `pick` finds in one element of events of one name or several, such as one update of `messages.update`. */
  each(what, event, pick, options) {
    const names = [event].flat()
    return this.events.first(
      what,
      ({ name, data }) => {
        if (!names.includes(name)) return undefined
        for (const one of [data].flat()) {
          const found = pick(one)
          if (found !== undefined && found !== false) return found
        }
        return undefined
      },
      options
    )
  }
}

/** The text of a message, be it plain or extended. */
export function textOf({ message }) {
  return message?.conversation ?? message?.extendedTextMessage?.text ?? undefined
}
