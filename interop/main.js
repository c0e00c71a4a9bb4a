// Runs the scenarios against a simulator that is up: `node main.js URL ADMIN [FILTER]`. `cargo xtask interop` starts both.

import { run } from './harness/scenario.js'
import { contents } from './scenarios/contents.js'
import { direct } from './scenarios/direct.js'
import { groups } from './scenarios/groups.js'
import { account } from './scenarios/account.js'
import { load } from './scenarios/load.js'
import { media } from './scenarios/media.js'
import { pairing } from './scenarios/pairing.js'
import { receipts } from './scenarios/receipts.js'

const [url, adminUrl, filter] = process.argv.slice(2)
if (url === undefined || adminUrl === undefined) {
  console.error('usage: node main.js URL ADMIN [FILTER]')
  process.exit(2)
}
// Baileys prints some things past its logger; a scenario that fails shows the log instead.
for (const chatty of ['info', 'warn', 'error', 'debug']) console[chatty] = () => {}
const good = await run([...pairing, ...direct, ...contents, ...receipts, ...groups, ...media, ...account, ...load], { url, adminUrl, filter })
process.exit(good ? 0 : 1)
