// What the script of the simulation needs, in one file (.make/sim.mjs).

export { modeOf, simulate } from "./store_sim.ts";
export { dumpOf } from "./store_dump.ts";
