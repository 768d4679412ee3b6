// Profiles of V8, for PROFILEZ, as the developer tools read them: which functions use the CPU, and which allocate what
// stays on the heap. Both are samples of call stacks: what is in memory is not in them.

import { Session } from "node:inspector";

/** Takes a profile for `durationMs`; `done` with its JSON, or with why there is none. */
export function takeProfile(
  name: "heap" | "cpu",
  durationMs: number,
  done: (profile: Uint8Array | string) => void,
): void {
  const session = new Session();
  const finish = (error: Error | null, profile?: object): void => {
    session.disconnect();
    done(error === null ? Buffer.from(JSON.stringify(profile)) : error.message);
  };
  const stop = (): void => {
    if (name === "cpu") session.post("Profiler.stop", (error, result) => finish(error, result?.profile));
    else session.post("HeapProfiler.stopSampling", (error, result) => finish(error, result?.profile));
  };
  try {
    session.connect();
  } catch (error) {
    done((error as Error).message);
    return;
  }
  const onStarted = (error: Error | null): void => {
    if (error !== null) finish(error);
    // Nobody stays for a profile.
    else setTimeout(stop, durationMs).unref();
  };
  if (name === "heap") session.post("HeapProfiler.startSampling", onStarted);
  else session.post("Profiler.enable", () => session.post("Profiler.start", onStarted));
}
