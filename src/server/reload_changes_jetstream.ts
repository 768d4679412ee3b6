// What a reload may change of JetStream, in nats-server's order and words.

import type { ServerOptions } from "../config/options.ts";
import { friendlyBytes } from "./jetstream_banner.ts";
import { duration, isSame, live, type Option, restart, type Row } from "./reload_changes_row.ts";

const MB = 1024 * 1024;
/** nats-server's own. */
const DEFAULT_SYNC_MS = 120_000;
type JetStream = NonNullable<ServerOptions["jetstream"]>;

export const jetstreamRows: readonly Row[] = [
  live(
    "JetStream",
    (o) => o.jetstream !== undefined,
    "jetstream",
    () => "Reloaded: JetStream",
  ),
  restart("NoJetStreamStrict", (o) => o.jetstream?.strict === false),
  ...storageRows("JetStreamMaxMemory", "max_mem_store", (o) => o.jetstream?.max_memory_store),
  ...storageRows("JetStreamMaxStore", "max_file_store", (o) => o.jetstream?.max_file_store),
  jetstreamRow("JetStreamDomain", ({ domain }) => domain, ""),
  jetstreamRow("JetStreamExtHint", ({ extension_hint }) => extension_hint, ""),
  jetstreamRow("JetStreamUniqueTag", ({ unique_tag }) => unique_tag, ""),
  restart("JetStreamLimits", ({ jetstream }) => jetstream?.limits ?? noLimits, shownLimits),
  jetstreamRow("JetStreamMaxCatchup", ({ max_outstanding_catchup: given }) => (given === 64 * MB ? 0 : given), 0),
  jetstreamRow("JetStreamRequestQueueLimit", ({ request_queue_limit }) => request_queue_limit, 10_000),
  jetstreamRow(
    "JetStreamInfoQueueLimit",
    ({ info_queue_limit, request_queue_limit }) => info_queue_limit || request_queue_limit,
    10_000,
  ),
  {
    ...jetstreamRow("JetStreamConcurrentIOs", ({ max_concurrent_io }) => max_concurrent_io, 4096),
    isChange: differsWhileOn((o) => o.jetstream?.max_concurrent_io),
  },
  jetstreamRow("StreamMaxBufferedMsgs", ({ max_buffered_msgs: given }) => (given === 100_000 ? 0 : given), 0),
  jetstreamRow("StreamMaxBufferedSize", ({ max_buffered_size: given }) => (given === 128 * MB ? 0 : given), 0),
  {
    ...restart("StoreDir", storeDirOf),
    isChange: (before, after) => differsWhileOn(storeDirOf)(before, after) && storeDirOf(after) !== "",
    refusal: "config reload not supported for jetstream storage directory",
  },
  {
    ...restart("StoreDir", storeDirOf),
    isChange: (before, after) => differsWhileOn(storeDirOf)(before, after) && storeDirOf(after) === "",
    refusal: "config reload not supported for jetstream storage dir",
  },
  restart("SyncInterval", syncIntervalOf, duration),
  restart("SyncAlways", (o) => (o.jetstream?.sync_interval ?? "always") === "always"),
];

/** What of JetStream cannot be changed, not even by leaving it out; with the value that is nats-server's own. */
function jetstreamRow(
  go: string,
  of: (jetstream: JetStream) => number | string | undefined,
  own: number | string,
): Row {
  return restart(go, ({ jetstream }) => (jetstream && of(jetstream)) ?? own);
}

const noLimits = {
  max_request_batch: 0,
  max_ack_pending: 0,
  max_ha_assets: 0,
  duplicate_window: 0,
  batch: undefined,
} as const;

/** As Go prints them. */
function shownLimits(limits: NonNullable<JetStream["limits"]> | typeof noLimits): string {
  const { max_request_batch, max_ack_pending, max_ha_assets, duplicate_window, batch } = limits;
  const own = [max_request_batch, max_ack_pending, max_ha_assets, duration(duplicate_window)];
  const ofBatch = [
    batch?.max_inflight_per_stream ?? 0,
    batch?.max_inflight_total ?? 0,
    batch?.max_msgs ?? 0,
    duration(batch?.timeout ?? 0),
  ];
  return `{${[...own, ...ofBatch].join(" ")}}`;
}

/** A limit of all of JetStream: it may grow while JetStream runs, and nothing else. */
function storageRows(go: string, name: string, of: (options: ServerOptions) => number | undefined): readonly Row[] {
  const isDynamic = (limit: number | undefined): boolean => limit === undefined || limit === -1;
  const when = (
    isSo: (before: number | undefined, after: number | undefined) => boolean,
  ): NonNullable<Row["isChange"]> => {
    const differs = differsWhileOn(of);
    return (before, after) => differs(before, after) && isSo(of(before), of(after));
  };
  const refused = (what: string, isSo: (before: number | undefined, after: number | undefined) => boolean): Row => ({
    ...restart(go, of),
    isChange: when(isSo),
    refusal: `config reload not supported for ${what}`,
  });
  return [
    {
      ...live(go, of, "jetstream", (o) => `Reloaded: JetStream ${name} = ${friendlyBytes(of(o) ?? 0)}`),
      isChange: when((before, after) => !isDynamic(before) && !isDynamic(after) && after! > before!),
    },
    refused(
      "decreasing jetstream max memory and store",
      (before, after) => !isDynamic(before) && !isDynamic(after) && after! < before!,
    ),
    refused("jetstream max memory and max store", (before, after) => !isDynamic(before) && isDynamic(after)),
    refused("jetstream dynamic max memory and store", (before, after) => isDynamic(before) && !isDynamic(after)),
  ];
}

/** Whether both have JetStream, and it differs in this. */
function differsWhileOn(of: Option) {
  return (before: ServerOptions, after: ServerOptions): boolean =>
    before.jetstream !== undefined && after.jetstream !== undefined && !isSame(of(before), of(after));
}

function storeDirOf({ jetstream }: ServerOptions): string {
  return jetstream?.store_dir ?? "";
}

function syncIntervalOf({ jetstream }: ServerOptions): number {
  const given = jetstream?.sync_interval ?? "always";
  return given === "always" ? DEFAULT_SYNC_MS : given;
}
