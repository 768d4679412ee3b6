// Node's timers and clocks as they were when this package was loaded.
//
// A test runner's fake timers replace the globals later; a server inside that
// test must not freeze with them. All of `io` takes them from here.

const { performance, Date } = globalThis;

export const setTimeout: (fire: () => void, delayMs: number) => NodeJS.Timeout = globalThis.setTimeout;
export const clearTimeout: (timer: NodeJS.Timeout | undefined) => void = globalThis.clearTimeout;
export const setImmediate: (fire: () => void) => NodeJS.Immediate = globalThis.setImmediate;
/** Monotonic, milliseconds with a fraction, since the process began. */
export const nowMs: () => number = performance.now.bind(performance);
/** The system's wall clock in whole milliseconds since 1970. */
export const dateMs: () => number = Date.now.bind(Date);
/** The wall clock when `nowMs` was 0, in milliseconds with microseconds behind the point. */
export const originMs: number = performance.timeOrigin;
