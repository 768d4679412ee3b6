// The wall between a bug and the rest of the process.
//
// Everything that the outside world calls (chunks, timers, turn ends) goes
// through here: what is thrown is a bug, and ends this server, not its host.

import type { Accept, TransportHandler } from "../base/transport.ts";
import type { Timer, World } from "../base/world.ts";

/** Told of the first bug; the server ends. */
export type OnBug = (error: unknown) => void;

/** The same world, whose callbacks report what they throw. */
export function guardWorld(world: World, onBug: OnBug): World {
  const guarded = (fire: () => void) => (): void => {
    try {
      fire();
    } catch (error) {
      onBug(error);
    }
  };
  return {
    nowMs: () => world.nowMs(),
    wallSec: () => world.wallSec(),
    wallNanos: () => world.wallNanos(),
    after: (delayMs: number, fire: () => void): Timer => world.after(delayMs, guarded(fire)),
    wallAfter: (delayMs: number, fire: () => void): Timer => world.wallAfter(delayMs, guarded(fire)),
    random: (below) => world.random(below),
    randomBytes: (count) => world.randomBytes(count),
    // The turn's end is one function for the life of the server: wrapped once, not per turn.
    atTurnEnd: (fire) => world.atTurnEnd(wrapOnce(fire, guarded)),
  };
}

const wrapped = new WeakMap<() => void, () => void>();
function wrapOnce(fire: () => void, guarded: (fire: () => void) => () => void): () => void {
  let safe = wrapped.get(fire);
  if (safe === undefined) wrapped.set(fire, (safe = guarded(fire)));
  return safe;
}

/** The same door, whose handlers report what they throw. */
export function guardAccept(accept: Accept, onBug: OnBug): Accept {
  return (transport) => {
    try {
      return guardHandler(accept(transport), onBug);
    } catch (error) {
      onBug(error);
      transport.destroy();
      return deaf;
    }
  };
}

function guardHandler(handler: TransportHandler, onBug: OnBug): TransportHandler {
  return {
    onChunk(from, to) {
      try {
        handler.onChunk(from, to);
      } catch (error) {
        onBug(error);
      }
    },
    onWritten() {
      try {
        handler.onWritten();
      } catch (error) {
        onBug(error);
      }
    },
    onSecured(tls) {
      try {
        handler.onSecured(tls);
      } catch (error) {
        onBug(error);
      }
    },
    onGone(why, detail) {
      try {
        handler.onGone(why, detail);
      } catch (error) {
        onBug(error);
      }
    },
  };
}

const ignore = (): void => {};
const deaf: TransportHandler = { onChunk: ignore, onWritten: ignore, onSecured: ignore, onGone: ignore };
