// Runs scenarios one after the other, each with a log and clients of its own, and says how each went.

import { Client } from './client.js'
import { Log } from './log.js'
import { within } from './patience.js'

/** A scenario that takes longer hangs. */
const LONGEST_MS = 180_000

/** What a scenario works with. */
export class Stage {
  #url
  #closing = []

  #program

  constructor(url, admin, program) {
    this.#url = url
    this.#program = program
    this.admin = admin
    this.log = new Log()
  }

  /** A person: a whatsapp-rust client. */
  async person(name) {
    const person = await this.admin.person(name)
    this.#closing.push(() => person.do('offline', {}))
    return person
  }

  /** A whatsapp-rust client as one more companion of an account that exists. */
  async personOf(account) {
    const person = await this.admin.joins(account)
    this.#closing.push(() => person.do('offline', {}))
    return person
  }

  /** A Baileys client that is not linked yet, of a new account or of one that is given. */
  async unlinked(nameOrAccount, settings, logLevel) {
    const account = typeof nameOrAccount === 'string' ? await this.admin.account(nameOrAccount) : nameOrAccount
    const client = new Client({ url: this.#url, account, log: this.log, logLevel, settings })
    this.#closing.push(() => client.stop())
    return client
  }

  /** A Baileys client, linked and connected. */
  async baileys(nameOrAccount, settings, logLevel) {
    return (await this.unlinked(nameOrAccount, settings, logLevel)).link(this.admin)
  }

  /** A whatsmeow client that is not linked yet, of a new account or of one that is given. */
  async unlinkedWhatsmeow(nameOrAccount) {
    const account = typeof nameOrAccount === 'string' ? await this.admin.account(nameOrAccount) : nameOrAccount
    const client = await this.#program.client(account)
    this.#closing.push(() => client.stop())
    return client
  }

  /** A whatsmeow client, linked and connected. */
  async whatsmeow(nameOrAccount) {
    return (await this.unlinkedWhatsmeow(nameOrAccount)).link(this.admin)
  }

  /** Prints something the reader may want to know beside success. */
  note(text) {
    console.log(`    ${text}`)
  }

  async close() {
    for (const close of this.#closing.reverse()) await close()
  }
}

/** Runs what `filter` leaves; answers whether all went well. `program` holds the whatsmeow clients, where there are any. */
export async function run(scenarios, { url, admin, filter, program }) {
  const chosen = scenarios.filter(({ name }) => name.includes(filter ?? ''))
  let failed = 0
  for (const { name, play } of chosen) {
    const stage = new Stage(url, admin, program)
    const began = Date.now()
    const position = await lastStanza(admin)
    try {
      await within(play(stage), name, LONGEST_MS)
      console.log(`ok      ${name} (${seconds(began)})`)
    } catch (error) {
      failed += 1
      console.log(`FAILED  ${name} (${seconds(began)})`)
      console.log(indented(error.stack ?? String(error)))
      console.log(indented(`Baileys' log, the end of it:\n${stage.log.tail(60).join('\n')}`))
      if (program) console.log(indented(`whatsmeow's complaints:\n${program.complaints.join('\n')}`))
      console.log(indented(`Stanzas at the server, the end of them:\n${(await stanzas(admin, position)).join('\n')}`))
    }
    await within(stage.close(), `the end of ${name}`)
  }
  console.log(`${chosen.length - failed} of ${chosen.length} scenarios went well`)
  return failed === 0 && chosen.length > 0
}

async function lastStanza(admin) {
  let after = 0
  for (;;) {
    const { next, items } = await admin.get('/stanzas', { after, limit: 1000 })
    if (items.length === 0) return after
    after = next
  }
}

async function stanzas(admin, position) {
  const lines = []
  for (let after = position; ; ) {
    const { next, items } = await admin.get('/stanzas', { after, limit: 1000 })
    if (items.length === 0) return lines.slice(-60)
    lines.push(...items.map(item => `${item.account ?? '-'} ${item.direction} ${item.xml}`.slice(0, 400)))
    after = next
  }
}

function seconds(began) {
  return `${((Date.now() - began) / 1000).toFixed(1)} s`
}

function indented(text) {
  return text.replace(/^/gm, '        ')
}
