// What a row is: a load, and what it should reach.
//
// `load` is handed to bench/load as key=value; `config` names a text of configs.mjs, for both servers or for each;
// `fill` is a load of its own that leaves a stream to a server started anew. `goal` names what is judged: rate, cpu,
// p50, p99 or bytes (memory each), as ratios; `most` bounds a number of this server instead, whatever nats-server's is.

/**
 * @typedef {{ rate?: number, cpu?: number, p50?: number, p99?: number, bytes?: number }} Goal
 * @typedef {{ p99Us?: number, totalKb?: number }} Most
 * @typedef {Record<string, string | number>} Load
 * @typedef {string | { ours: string, reference: string }} Config
 * @typedef {{ config: string, load: Load }} Fill
 * @typedef {{ name: string, title: string, load: Load, goal?: Goal, most?: Most, config?: Config, fill?: Fill,
 *   issue?: number }} Row
 */

const label = (size) => (size >= 1024 ? `${size / 1024} KB` : `${size} B`);
const short = (size) => (size >= 1024 ? `${size / 1024}k` : `${size}`);

/**
 * One row for each size; `goals` has each one's rate, or a whole goal.
 * @param {Record<number, number | Goal>} goals
 * @param {string} [config]
 * @returns {Row[]}
 */
export function sized(name, title, load, goals, config) {
  return Object.entries(goals).map(([size, goal]) => ({
    name: `${name}-${short(Number(size))}`,
    title: `${title}, ${label(Number(size))}`,
    load: { ...load, size: Number(size) },
    goal: typeof goal === "number" ? { rate: goal } : goal,
    ...(config ? { config } : {}),
  }));
}

/**
 * @param {Goal | { most: Most }} goal
 * @param {Config} [config]
 * @returns {Row}
 */
export const row = (name, title, load, goal, config) => ({
  name,
  title,
  load,
  ...("most" in goal ? goal : { goal }),
  ...(config ? { config } : {}),
});
