// Whether a stream can be as its configuration says, and what the configuration
// becomes: nats-server's checks in nats-server's order, since the first that
// fails is the answer.
//
// Knows nothing of other streams nor of how much space is left: the API asks
// about those around these checks (see stream_create.ts and stream_update.ts).

import { byteString } from "../../base/bytes.ts";
import { runAll, type Work } from "../../base/work.ts";
import { apiError } from "../../errors/api.ts";
import { collides } from "../../subject/subject.ts";
import { subjectTransform } from "../../subject/transform.ts";
import { MappingFault, mappingFault } from "../../subject/transform_destination.ts";
import { type StreamConfig } from "./stream_config.ts";
import { defaultLimits, defaultWindows } from "./stream_defaults.ts";
import { invalidConfig, refusePedantic, type StreamDraft } from "./stream_draft.ts";
import { notSupportedYet } from "./stream_later.ts";
import { type StreamRules } from "./stream_rules.ts";
import { checkSubjects, isConfigSubject } from "./stream_subjects.ts";

const MAX_NAME = 255;
const MAX_DESCRIPTION = 4096;
const MAX_METADATA = 128 * 1024;
const SECOND = 1_000_000_000n;

/** The configuration with its defaults. Throws the ApiError of the first check that fails. */
export function checkStreamConfig(config: StreamConfig, rules: StreamRules, pedantic: boolean): StreamConfig {
  return runAll(checkingStreamConfig(config, rules, pedantic));
}

/** The same in slices. */
export function* checkingStreamConfig(config: StreamConfig, rules: StreamRules, pedantic: boolean): Work<StreamConfig> {
  const draft: StreamDraft = { ...config };
  checkTexts(draft);
  defaultLimits(draft, pedantic);
  defaultWindows(draft, rules, pedantic);
  if (draft.deny_purge && draft.allow_rollup_hdrs) throw invalidConfig("roll-ups require the purge permission");
  checkCounter(draft);
  checkDiscardPerSubject(draft);
  checkDeleteMarkers(draft, pedantic);
  checkSchedules(draft, pedantic);
  checkPersistMode(draft);
  const unsupported = notSupportedYet(draft);
  if (unsupported !== undefined) throw invalidConfig(unsupported);
  yield* checkSubjects(draft);
  checkMaxBytes(draft, rules);
  checkTransform(draft);
  checkRepublish(draft, pedantic);
  checkPlacement(draft);
  return draft;
}

/** Whether a stream or consumer may be called so. */
export function isAssetName(name: string): boolean {
  return name !== "" && !/[ \t\r\n\f.*>\\/]/.test(name);
}

function checkTexts({ name, description, metadata }: StreamDraft): void {
  if (!isAssetName(name)) {
    throw invalidConfig("stream name is required and can not contain '.', '*', '>', '\\', '/'");
  }
  if (Buffer.byteLength(name) > MAX_NAME) {
    throw invalidConfig(`stream name is too long, maximum allowed is ${MAX_NAME}`);
  }
  if (Buffer.byteLength(description) > MAX_DESCRIPTION) {
    throw invalidConfig(`stream description is too long, maximum allowed is ${MAX_DESCRIPTION}`);
  }
  checkMetadata(metadata);
}

/** Checks the size of keys and values. */
export function checkMetadata(metadata: ReadonlyMap<string, string>): void {
  let size = 0;
  for (const [key, value] of metadata) size += Buffer.byteLength(key) + Buffer.byteLength(value);
  if (size > MAX_METADATA) throw invalidConfig(`stream metadata exceeds maximum size of ${MAX_METADATA} bytes`);
}

function checkCounter(draft: StreamDraft): void {
  if (!draft.allow_msg_counter) return;
  if (draft.discard === "new") throw invalidConfig("counter stream cannot use discard new");
  if (draft.allow_msg_ttl) throw invalidConfig("counter stream cannot use message TTLs");
  if (draft.allow_msg_schedules) throw invalidConfig("counter stream cannot use message schedules");
  if (draft.retention !== "limits") throw invalidConfig("counter stream can only use limits retention");
}

function checkDiscardPerSubject(draft: StreamDraft): void {
  if (!draft.discard_new_per_subject) return;
  if (draft.discard !== "new") {
    throw invalidConfig("discard new per subject requires discard new policy to be set");
  }
  if (draft.max_msgs_per_subject <= 0n) {
    throw invalidConfig("discard new per subject requires max msgs per subject > 0");
  }
}

function checkDeleteMarkers(draft: StreamDraft, pedantic: boolean): void {
  const ttl = draft.subject_delete_marker_ttl;
  if (ttl < 0n) throw invalidConfig("subject delete marker TTL must not be negative");
  if (ttl === 0n) return;
  if (ttl < SECOND) throw invalidConfig("subject delete marker TTL must be at least 1 second");
  if (!draft.allow_msg_ttl) {
    if (pedantic) throw invalidConfig("subject delete marker cannot be set if message TTLs are disabled");
    draft.allow_msg_ttl = true;
  }
  allowRollup(draft, pedantic, "subject delete marker");
}

function checkSchedules(draft: StreamDraft, pedantic: boolean): void {
  if (!draft.allow_msg_schedules) return;
  if (draft.discard === "new") throw invalidConfig("message scheduling cannot use discard new");
  allowRollup(draft, pedantic, "message scheduling");
}

/** Some features need roll-ups, and so the right to purge. */
function allowRollup(draft: StreamDraft, pedantic: boolean, feature: string): void {
  if (draft.allow_rollup_hdrs) return;
  if (pedantic) throw invalidConfig(`${feature} cannot be set if roll-ups are disabled`);
  draft.allow_rollup_hdrs = true;
  draft.deny_purge = false;
}

function checkPersistMode(draft: StreamDraft): void {
  if (draft.persist_mode !== "async") return;
  if (draft.storage !== "file") throw invalidConfig("async persist mode is only supported on file storage");
  if (draft.num_replicas > 1) throw invalidConfig("async persist mode is not supported on replicated streams");
  if (draft.allow_atomic) throw invalidConfig("async persist mode is not supported with atomic batch publish");
}

function checkMaxBytes(draft: StreamDraft, rules: StreamRules): void {
  const { required, limit } = rules.maxBytesRule(draft.storage, draft.num_replicas);
  if (required && draft.max_bytes <= 0n) throw apiError("streamMaxBytesRequired");
  if (limit > 0n && draft.max_bytes > limit) throw apiError("streamMaxStreamBytesExceeded");
}

function checkTransform({ subject_transform: transform }: StreamDraft): void {
  if (transform === undefined) return;
  if (transform.src !== "" && !isConfigSubject(transform.src)) {
    throw apiError("streamTransformInvalidSource", { err: `invalid subject ${transform.src}` });
  }
  const fault = mappingFault(byteString(transform.src), byteString(transform.dest));
  if (fault !== undefined) throw apiError("streamTransformInvalidDestination", { err: fault.text });
}

function checkRepublish(draft: StreamDraft, pedantic: boolean): void {
  const { republish, subject_transform: transform, subjects } = draft;
  if (republish === undefined) return;
  let { src, dest } = republish;
  if (src === "") {
    refusePedantic(pedantic, "republish source can not be empty");
    src = ">";
  }
  // From all to all is a cycle, but where all is transformed first it means the subjects that come out.
  const all = dest === ">" && src === ">" && subjects.length === 1;
  if (all && transform?.src === subjects[0]) {
    refusePedantic(pedantic, "implicit republish based on subject transform");
    src = dest = transform!.dest;
  }
  if (subjects.some((subject) => collides(byteString(dest), byteString(subject)))) {
    throw invalidConfig("stream configuration for republish destination forms a cycle");
  }
  if (subjectTransform(byteString(src), byteString(dest)) instanceof MappingFault) {
    throw invalidConfig(`stream configuration for republish with transform from '${src}' to '${dest}' not valid`);
  }
  draft.republish = { ...republish, src, dest };
}

function checkPlacement(draft: StreamDraft): void {
  const { placement } = draft;
  if (placement === undefined) return;
  if (placement.cluster === "" && placement.tags === undefined && placement.preferred === "") {
    draft.placement = undefined;
  } else if (placement.preferred !== "") throw invalidConfig("preferred server not permitted in placement");
}
