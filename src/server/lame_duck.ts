// Lame duck mode: no new clients, those that exist are told and then sent
// away one by one, spread over the configured time, so that they do not all
// come to the next server at once. Source: config facts §8.

import type { Timer } from "../base/world.ts";
import type { Core } from "./core.ts";

/** Most time between two closings. */
const MOST_INTERVAL_MS = 1000;
/** Below this interval several are closed at a time. */
const LEAST_INTERVAL_MS = 1;

export class LameDuck {
  readonly #core: Core;
  readonly #onDone: () => void;
  #timer: Timer | undefined = undefined;

  /** `onDone` is called once every client is gone, or at once when there is none. */
  constructor(core: Core, onDone: () => void) {
    this.#core = core;
    this.#onDone = onDone;
  }

  /** The listeners are closed by now. */
  start(): void {
    const core = this.#core;
    if (core.sessions.size === 0) {
      this.#onDone();
      return;
    }
    core.isLameDuck = true;
    for (const session of core.sessions.values()) session.sendLameDuckInfo();
    this.#timer = core.world.after(core.options.lame_duck_grace_period, () => this.#closeClients());
  }

  stop(): void {
    this.#timer?.cancel();
  }

  #closeClients(): void {
    const core = this.#core;
    core.log.notice("Closing existing clients");
    const sessions = [...core.sessions.values()];
    const spreadMs = Math.max(0, core.options.lame_duck_duration - core.options.lame_duck_grace_period);
    const intervalMs = Math.min(MOST_INTERVAL_MS, spreadMs / Math.max(1, sessions.length));
    const batch = intervalMs < LEAST_INTERVAL_MS ? Math.ceil(LEAST_INTERVAL_MS / Math.max(intervalMs, 1e-6)) : 1;
    const step = (): void => {
      for (const session of sessions.splice(0, batch)) session.close("serverShutdown");
      if (sessions.length === 0) {
        this.#onDone();
        return;
      }
      // Between half an interval and a whole one.
      const halfMs = Math.max(LEAST_INTERVAL_MS, intervalMs) / 2;
      this.#timer = core.world.after(halfMs + core.world.random(Math.max(1, Math.floor(halfMs))), step);
    };
    step();
  }
}
