// Waiting, always with an end: sleep, poll until true, and a promise with a deadline.

/** @param {number} ms */
export const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Polls `check` until it returns something true, and returns that. `what` names what was waited for. */
export async function within(timeoutMs, what, check) {
  const until = Date.now() + timeoutMs;
  for (;;) {
    const result = await check();
    if (result) return result;
    if (Date.now() > until) throw new Error(`waited ${timeoutMs} ms for ${typeof what === "function" ? what() : what}`);
    await sleep(5);
  }
}

/** `promise`, or a failure that names what was waited for. */
export async function soon(promise, what, timeoutMs = 5000) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`waited ${timeoutMs} ms for ${what}`)), timeoutMs);
  });
  return Promise.race([promise, late]).finally(() => clearTimeout(timer));
}
