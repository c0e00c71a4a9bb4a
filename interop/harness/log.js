// What Baileys logs, kept in memory and shown only when a scenario fails.

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']
const KEPT = 4000

/** Records of every Baileys client of one scenario, oldest first; the oldest are forgotten. */
export class Log {
  #records = []

  /** A logger as Baileys expects one; `level` is the lowest that is kept. */
  logger(name, level = 'debug') {
    const logger = { level, child: () => logger }
    const lowest = LEVELS.indexOf(level)
    for (const [index, each] of LEVELS.entries()) {
      logger[each] = index < lowest ? () => {} : (data, text) => this.add(name, each, data, text)
    }
    return logger
  }

  add(name, level, data, text) {
    if (this.#records.length >= KEPT) this.#records.splice(0, KEPT / 4)
    this.#records.push({ at: Date.now(), name, level, data, text })
  }

  /** The records that `wanted` accepts. */
  records(wanted = () => true) {
    return this.#records.filter(wanted)
  }

  /** The last `count` records at `level` or above, a line each. */
  tail(count, level = 'debug') {
    const lowest = LEVELS.indexOf(level)
    return this.records(record => LEVELS.indexOf(record.level) >= lowest)
      .slice(-count)
      .map(line)
  }
}

function line({ at, name, level, data, text }) {
  const said = typeof data === 'string' ? data : [text, show(data)].filter(Boolean).join(' ')
  return `${new Date(at).toISOString().slice(11, 23)} ${level.padEnd(5)} ${name}: ${said}`.slice(0, 600)
}

function show(data) {
  if (data === undefined || data === null) return ''
  try {
    return JSON.stringify(data, (_, value) => {
      if (value instanceof Error) return `${value.name}: ${value.message}`
      if (typeof value === 'bigint') return value.toString()
      if (value?.type === 'Buffer' || value instanceof Uint8Array) return `<${value.length ?? value.data.length} bytes>`
      return value
    })
  } catch {
    return String(data)
  }
}
