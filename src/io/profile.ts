// Profiles of V8, for PROFILEZ: a heap snapshot's summary, or a CPU profile, as
// the developer tools read them.

import { Session } from "node:inspector";

/** Takes a profile; `done` with its JSON, or with why there is none. CPU profiles take `durationMs`. */
export function takeProfile(
  name: "heap" | "cpu",
  durationMs: number,
  done: (profile: Uint8Array | string) => void,
): void {
  const session = new Session();
  const finish = (profile: Uint8Array | string): void => {
    session.disconnect();
    done(profile);
  };
  try {
    session.connect();
  } catch (error) {
    done((error as Error).message);
    return;
  }
  if (name === "heap") {
    const chunks: Buffer[] = [];
    session.on("HeapProfiler.addHeapSnapshotChunk", ({ params }) => chunks.push(Buffer.from(params.chunk)));
    session.post("HeapProfiler.takeHeapSnapshot", { reportProgress: false }, (error) =>
      finish(error === null ? Buffer.concat(chunks) : error.message),
    );
    return;
  }
  session.post("Profiler.enable");
  session.post("Profiler.start", (error) => {
    if (error !== null) finish(error.message);
  });
  setTimeout(() => {
    session.post("Profiler.stop", (error, result) => {
      finish(error === null ? Buffer.from(JSON.stringify(result.profile)) : error.message);
    });
  }, durationMs);
}
