// What streams share besides what all of JetStream does. Types only.

import type { JetStreamSurroundings } from "../surroundings.ts";
import type { DirectJobs } from "./direct_jobs.ts";

export interface StreamSurroundings extends JetStreamSurroundings {
  readonly directJobs: DirectJobs;
}
