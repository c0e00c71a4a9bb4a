// Runs the scenarios against a simulator that is up: `node main.js URL ADMIN [FILTER]`. `cargo xtask interop` starts both.

import aside from 'baileys/lib/Utils/logger.js'
import { Admin } from './harness/admin.js'
import { run } from './harness/scenario.js'
import { Whatsmeow } from './harness/whatsmeow.js'
import { account } from './scenarios/account.js'
import { changes } from './scenarios/changes.js'
import { companions } from './scenarios/companions.js'
import { contents } from './scenarios/contents.js'
import { direct } from './scenarios/direct.js'
import { groupChanges } from './scenarios/group-changes.js'
import { groupJoining } from './scenarios/group-joining.js'
import { groups } from './scenarios/groups.js'
import { load } from './scenarios/load.js'
import { media } from './scenarios/media.js'
import { pairing } from './scenarios/pairing.js'
import { polls } from './scenarios/polls.js'
import { presence } from './scenarios/presence.js'
import { profile } from './scenarios/profile.js'
import { receipts } from './scenarios/receipts.js'
import { whatsmeow } from './scenarios/whatsmeow.js'

const [url, adminUrl, filter] = process.argv.slice(2)
if (url === undefined || adminUrl === undefined) {
  console.error('usage: node main.js URL ADMIN [FILTER]')
  process.exit(2)
}
// Baileys prints some things past its logger; a scenario that fails shows the log instead.
aside.level = 'silent'
for (const chatty of ['info', 'warn', 'error', 'debug']) console[chatty] = () => {}
const all = [pairing, direct, contents, changes, polls, receipts, presence, groups, groupChanges, groupJoining, media, profile, account, companions, load].flat()
const admin = new Admin(adminUrl)
// The program with the whatsmeow clients, and the authority it is to trust; not there on machines without Go.
const { WASPNEST_WHATSMEOW: built, NODE_EXTRA_CA_CERTS: authority } = process.env
let program
if (built) {
  all.push(...whatsmeow)
  const { root_key: rootKey } = await admin.get('/root-key')
  program = new Whatsmeow(built, { url, rootKey, authority })
}
const good = await run(all, { url, admin, filter, program })
if (!built) console.log(`skipped, for want of Go: ${whatsmeow.length} scenarios with whatsmeow`)
await program?.close()
process.exit(good ? 0 : 1)
