// How long anything may take. Only a failure ever waits that long: scenarios wait for events, not for time.

export const PATIENCE_MS = 40_000

/** Rejects when `promise` is not settled in time. `what` is what did not happen. */
export async function within(promise, what, ms = PATIENCE_MS) {
  let timer
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not happen within ${ms / 1000} s`)), ms)
  })
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Asks until there is an answer. For what is only told when asked; everything else is waited for. */
export async function poll(what, ask, ms = PATIENCE_MS) {
  const end = Date.now() + ms
  for (;;) {
    const answer = await ask()
    if (answer !== undefined) return answer
    if (Date.now() > end) throw new Error(`${what} did not happen within ${ms / 1000} s`)
    await new Promise(resolve => setTimeout(resolve, 25))
  }
}
