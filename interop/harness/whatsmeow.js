// Clients of Go's whatsmeow, unmodified: a program of ours (../whatsmeow) holds them all and is steered a line of JSON at a time.

import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { proto } from 'baileys'
import { isWho } from './admin.js'
import { Events } from './events.js'
import { within } from './patience.js'

/** The program, while it runs. */
export class Whatsmeow {
  #process
  #asked = new Map()
  #clients = new Map()
  #next = 1
  #complaints = []

  /** `program` is started with where the simulator is and what to trust. */
  constructor(program, { url, rootKey, authority }) {
    this.#process = spawn(program, [url, rootKey, authority], { stdio: ['pipe', 'pipe', 'pipe'] })
    createInterface({ input: this.#process.stdout }).on('line', line => this.#heard(JSON.parse(line)))
    createInterface({ input: this.#process.stderr }).on('line', line => this.#complaints.push(line))
    this.#process.on('exit', code => {
      for (const { reject } of this.#asked.values()) reject(new Error(`the program of whatsmeow ended with ${code}`))
      this.#asked.clear()
    })
  }

  /** The end of what it complained about. */
  get complaints() {
    return this.#complaints.slice(-20)
  }

  #heard({ id, result, error, client, event, data }) {
    if (event !== undefined) {
      this.#clients.get(client)?.events.add(event, data)
      return
    }
    const asked = this.#asked.get(id)
    this.#asked.delete(id)
    if (error === undefined) asked?.resolve(result)
    else asked?.reject(new Error(`whatsmeow: ${error}`))
  }

  ask(client, what, args) {
    const id = this.#next++
    const answered = new Promise((resolve, reject) => this.#asked.set(id, { resolve, reject }))
    this.#process.stdin.write(`${JSON.stringify({ id, client, do: what, args })}\n`)
    return within(answered, `${client}: ${what}`)
  }

  /** A client of an account, not linked yet. */
  async client(account) {
    const made = new WhatsmeowClient(this, account, `${account.phone}-${this.#next}`)
    this.#clients.set(made.id, made)
    await this.ask(made.id, 'make')
    return made
  }

  /** Lets it end; it hangs up and throws its stores away. */
  async close() {
    const ended = new Promise(resolve => this.#process.once('exit', resolve))
    this.#process.stdin.end()
    await within(ended, 'the end of the program of whatsmeow')
  }
}

/** One client. What it shows, it decrypted. */
export class WhatsmeowClient {
  #program

  constructor(program, account, id) {
    this.#program = program
    this.id = id
    this.account = account
    this.phone = account.phone
    this.lid = `${account.lid}@lid`
    this.jid = `${account.phone}@s.whatsapp.net`
    this.name = `whatsmeow ${account.push_name}`
    this.events = new Events(this.name)
  }

  do(what, args) {
    return this.#program.ask(this.id, what, args)
  }

  /** Links itself by a QR code that its phone scans, and waits until it knows its own name. */
  async link(admin) {
    await this.do('connect')
    const { Codes } = await this.event('QR')
    await admin.post(`/accounts/${this.phone}/scan`, { qr: Codes[0] })
    await this.linked()
    return this
  }

  async linked() {
    await this.event('PairSuccess')
    await this.event('Connected')
    await this.event('AppStateSyncComplete', data => data.Name === 'critical_block')
  }

  /** Hangs up and keeps its keys. */
  stop() {
    return this.do('disconnect')
  }

  /** Comes back with the keys it kept. */
  async restart() {
    const after = this.events.position
    await this.do('connect')
    await this.event('Connected', undefined, { after })
  }

  /** The first event of this name that `wanted` accepts. */
  event(name, wanted = () => true, options) {
    return this.events.first(name, event => (event.name === name && wanted(event.data) ? event.data ?? {} : undefined), options)
  }

  /** Sends any content, given as Baileys would build it; the message id. The bytes are encoded by one library and read by the other. */
  send(to, content) {
    const encoded = Buffer.from(proto.Message.encode(proto.Message.fromObject(content)).finish()).toString('base64')
    return this.do('send', { to: to.jid ?? to, content: encoded })
  }

  say(to, text) {
    return this.send(to, { conversation: text })
  }

  /** The first message that `wanted`, an id, a text or a function, accepts: what was told with it, and its content. */
  async message(wanted) {
    const accepts = typeof wanted === 'function' ? wanted : one => one.info.ID === wanted || textOf(one.message) === wanted
    return this.events.first(`message ${wanted}`, ({ name, data }) => {
      if (name !== 'Message') return undefined
      const one = { ...data, message: proto.Message.decode(Buffer.from(data.content, 'base64')) }
      return accepts(one) ? one : undefined
    })
  }

  /** Waits for a tick of one kind, '' for delivery, from one account for a message. */
  ticked(id, kind, who) {
    return this.event('Receipt', data => data.MessageIDs.includes(id) && data.Type === kind && isWho(data.Sender, who))
  }
}

function textOf(message) {
  return message.conversation || message.extendedTextMessage?.text || undefined
}
