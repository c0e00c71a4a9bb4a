// The simulator's admin interface: how scenarios make accounts, and the people who are whatsapp-rust clients.

import { proto } from 'baileys'
import { PATIENCE_MS, poll } from './patience.js'

export class Admin {
  #base

  constructor(base) {
    this.#base = base.replace(/\/$/, '')
  }

  async call(method, path, body) {
    const response = await fetch(this.#base + path, {
      method,
      headers: body === undefined ? {} : { 'content-type': 'application/json' },
      body: body === undefined ? undefined : JSON.stringify(body)
    })
    if (response.ok && response.headers.get('content-type') !== 'application/json') return Buffer.from(await response.arrayBuffer())
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path} answered ${response.status}: ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }

  get(path, query = {}) {
    const given = Object.entries(query).filter(([, value]) => value !== undefined)
    const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString()
    return this.call('GET', search === '' ? path : `${path}?${search}`)
  }

  post(path, body) {
    return this.call('POST', path, body)
  }

  /** A new account with a phone and no companion. */
  account(pushName) {
    return this.post('/accounts', { push_name: pushName })
  }

  /** A new account with a person behind it, connected: a whatsapp-rust client. */
  async person(pushName) {
    return new Person(this, await this.post('/people', { push_name: pushName }))
  }

  /** One more companion of an account that exists: a whatsapp-rust client beside those that it has. */
  async joins(account) {
    return new Person(this, await this.post(`/accounts/${account.phone}/person`, {}))
  }
}

/** A whatsapp-rust client that is steered over HTTP. What it shows, it decrypted. */
export class Person {
  #admin

  constructor(admin, view) {
    this.#admin = admin
    this.phone = view.phone
    this.lid = view.lid
    this.name = view.push_name
    this.jid = `${view.phone}@s.whatsapp.net`
  }

  get(path, query) {
    return this.#admin.get(`/people/${this.phone}${path}`, query)
  }

  /** The file of a message, downloaded and decrypted. */
  file(id) {
    return this.get(`/inbox/${id}/file`)
  }

  /** One of the calls that make a person do something. */
  do(what, body) {
    return this.#admin.post(`/people/${this.phone}/${what}`, body)
  }

  /** Sends a text; the message id, once the server has acknowledged it. */
  async say(to, text, quote) {
    return (await this.do('say', { to: to.jid ?? to, text, ...(quote && { quote }) })).id
  }

  /** Sends any content, given as Baileys would build it; the message id. The bytes are encoded by one library and read by the other. */
  async send(to, content) {
    const message = Buffer.from(proto.Message.encode(proto.Message.fromObject(content)).finish()).toString('base64')
    return (await this.do('send-message', { to: to.jid ?? to, message })).id
  }

  /** All that a message says that this person was shown; waits for it. */
  async content(id) {
    await this.sees(`message ${id}`, row => row.id === id)
    const { message } = await this.get(`/inbox/${id}/message`)
    return proto.Message.decode(Buffer.from(message, 'base64'))
  }

  /** The first message that this person was shown whose text contains `contains`; waits for it. */
  hears(contains, { from, after = 0 } = {}) {
    return this.get('/inbox/wait', { contains, from: from?.phone, after, timeout_ms: PATIENCE_MS })
  }

  /** The first row of the inbox that `wanted` accepts; waits for it. */
  sees(what, wanted) {
    return poll(`${this.name}: ${what}`, async () => (await this.inbox()).find(wanted))
  }

  /** The first notice about a group that `wanted` accepts; waits for it. */
  told(what, wanted) {
    return poll(`${this.name}: ${what}`, async () => (await this.get('/group-notices')).items.find(wanted))
  }

  /** Kinds of the ticks that this person was shown for one message, once `enough` accepts them. */
  receipts(id, enough) {
    return poll(`${this.name}: ticks of ${id}`, async () => {
      const { items } = await this.get('/receipts')
      const kinds = items.filter(item => item.ids.includes(id)).map(item => item.kind)
      return enough(kinds) ? kinds : undefined
    })
  }

  /** Waits for a tick of one kind from one account for a message. */
  ticked(id, kind, who) {
    return poll(`${this.name}: ${kind} of ${who.name} for ${id}`, async () =>
      (await this.get('/receipts')).items.find(item => item.kind === kind && item.ids.includes(id) && isWho(item.sender, who))
    )
  }

  /** The votes in a poll of this person, once `enough` accepts them. */
  counted(id, enough) {
    return poll(`${this.name}: votes in ${id}`, async () => {
      const votes = await this.get('/poll', { id })
      return enough(votes.items) ? votes : undefined
    })
  }

  /** Waits until somebody is shown to do something with the keyboard in a chat. */
  typing(who, state, chat) {
    return poll(`${this.name}: ${state} of ${who.name}`, async () =>
      (await this.get('/typing')).items.find(
        item => item.state === state && isWho(item.sender, who) && (chat === undefined || item.chat === chat)
      )
    )
  }

  /** Waits until somebody is told to be there or gone, as `wanted` wants it. */
  presence(who, wanted) {
    return poll(`${this.name}: presence of ${who.name}`, async () =>
      (await this.get('/presences')).items.find(item => isWho(item.who, who) && wanted(item))
    )
  }

  /** Up to 1000 messages after `after`. */
  async inbox(after = 0) {
    return (await this.get('/inbox', { after, limit: 1000 })).items
  }
}

/** Whether a JID names this account, by its number or its LID. */
export function isWho(jid, { phone, lid }) {
  const user = jid?.split(/[:@]/)[0]
  return user !== undefined && (user === phone || user === lid?.split('@')[0])
}
