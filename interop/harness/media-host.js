// Where Baileys fetches what only has a path: history. It knows the host as a constant and lets a dispatcher lead it elsewhere.

/** The host that Baileys 7.0.0-rc14 has built in. */
const BUILT_IN = 'https://mmg.whatsapp.net'

/** What goes to `options` of `makeWASocket`: requests for the built-in host go to `url`, all others where they want to. */
export async function mediaAt(url) {
  // Node has its own HTTP client behind `fetch`, and makes it when it is used first.
  await fetch('data:,')
  const client = globalThis[Symbol.for('undici.globalDispatcher.1')]
  const dispatch = (request, handler) => client.dispatch({ ...request, origin: request.origin === BUILT_IN ? url : request.origin }, handler)
  return { dispatcher: { dispatch } }
}
