// From pairs of runs to ratios: above 1 this server is better, whatever is measured.

/** What is compared: its key in a run, and whether more of it is better. */
export const measures = {
  rate: { key: "rate", more: true },
  cpu: { key: "cpuUs", more: false },
  p50: { key: "p50Us", more: false },
  p99: { key: "p99Us", more: false },
  bytes: { key: "bytesEach", more: false },
  rss: { key: "rssKb", more: false },
};

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Median and range of each measure the runs have.
 * @param {{ ours: Record<string, number>, reference: Record<string, number> }[]} pairs
 */
export function ratiosOf(pairs) {
  const ratios = {};
  for (const [name, { key, more }] of Object.entries(measures)) {
    const each = pairs
      .filter(({ ours, reference }) => ours[key] > 0 && reference[key] > 0)
      .map(({ ours, reference }) => (more ? ours[key] / reference[key] : reference[key] / ours[key]));
    if (each.length === 0) continue;
    ratios[name] = { median: round(median(each)), min: round(Math.min(...each)), max: round(Math.max(...each)) };
  }
  return ratios;
}

/** What else is written down of a run. */
const alsoKept = ["maxUs", "totalKb"];

/** Medians of the runs themselves, for readers who want numbers with a unit. */
export function mediansOf(runs) {
  const medians = {};
  for (const key of [...Object.values(measures).map((measure) => measure.key), ...alsoKept]) {
    const values = runs.map((run) => run[key]).filter((value) => value > 0);
    if (values.length > 0) medians[key] = median(values);
  }
  return medians;
}

function round(value) {
  return Number(value.toPrecision(3));
}

/** "2.10 (1.98–2.31)" */
export function showRatio({ median, min, max }) {
  return `${median.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}

/**
 * What a row should reach and whether it did: ratios at least, or a number of this server at most.
 * @param {{ goal?: Record<string, number>, most?: Record<string, number>, ratios: object, medians: object }} result
 */
export function judge({ goal, most, ratios, medians }) {
  if (most) {
    const [[key, bound]] = Object.entries(most);
    return { text: `${key} at most ${bound}`, reached: medians.ours[key] <= bound };
  }
  const asked = Object.entries(goal);
  return {
    text: asked.map(([name, least]) => (name === "rate" ? `${least}` : `${name} ${least}`)).join(", "),
    reached: asked.every(([name, least]) => ratios[name]?.median >= least),
  };
}
