// The names of files and folders in a store directory.
//
//   <ACCOUNT>/streams/<STREAM>/
//     meta.inf meta.sum
//     msgs/  <n>.blk  index.db  thw.db  sched.db
//     obs/<CONSUMER>/  meta.inf  meta.sum  o.dat

export const STREAMS = "streams";
export const MSGS = "msgs";
export const CONSUMERS = "obs";
export const META = "meta.inf";
export const META_SUM = "meta.sum";
/** Is there when `meta.inf` is encrypted. */
export const META_KEY = "meta.key";
export const INDEX = "index.db";
export const TTL_INDEX = "thw.db";
export const SCHEDULE_INDEX = "sched.db";
export const CONSUMER_STATE = "o.dat";

export function blockFile(blockIndex: number): string {
  return `${blockIndex}.blk`;
}

/** The index of a block's file; undefined when the name is not one. */
export function blockIndexOf(file: string): number | undefined {
  const found = /^([1-9]\d{0,8})\.blk$/.exec(file);
  return found === null ? undefined : Number(found[1]);
}
