// Runs work in slices to its end, for work that waits for nothing.

import type { Slices } from "../../../src/store/file/sliced_job.ts";

/** What the job ends with; `between` happens between two slices. */
export function runSlices<T>(job: Slices<T>, between: () => void = () => undefined): T {
  for (;;) {
    const { done, value } = job.next(undefined);
    if (done === true) return value;
    if (value !== undefined) throw new Error("it waits for the disk");
    between();
  }
}
