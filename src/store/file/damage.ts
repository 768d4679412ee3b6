// Copies of what is damaged, made before anything is changed.
//
//     <STREAM>/damaged/<n>.blk.damaged-<time>
//
// Outside msgs/, where nats-server neither reads nor removes them. Nothing removes or overwrites one.

import type { DiskError } from "../../base/disk.ts";
import type { Slices } from "./sliced_job.ts";
import type { StreamPlace } from "./block_open.ts";

export const DAMAGED = "damaged";

/**
 * Copies a file of `msgs` to the stream's damaged files, durably; the path of the copy, or why there is none.
 * The seconds are in its name. The same bytes kept before are not kept again.
 */
export function* keepAside(_place: StreamPlace, _file: string, _wallSec: number): Slices<string | DiskError> {
  throw new Error("soon");
}
