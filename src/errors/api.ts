// What `$JS.API` answers when it refuses a request, and how that travels
// inside the server: thrown as an ApiError, caught once, by the API.
//
// The numbers and texts are those of nats-server 2.14.5 (server/errors.json).
// Clients compare both: they are part of the protocol. Some rows belong to
// clusters or to templates and are never answered here; they keep the table
// whole, so that a number seen elsewhere can be looked up.

/** One refusal. `code` reads as an HTTP status, `errCode` is unique, `text` may have {holes}. */
export interface ApiErrorSpec {
  readonly code: number;
  readonly errCode: number;
  readonly text: string;
}

// prettier-ignore
export const apiErrors = {
  accountResourcesExceeded: { code: 400, errCode: 10002, text: "resource limits exceeded for account" },
  badRequest: { code: 400, errCode: 10003, text: "bad request" },
  clusterIncomplete: { code: 503, errCode: 10004, text: "incomplete results" },
  clusterNoPeers: { code: 400, errCode: 10005, text: "{err}" },
  clusterNotActive: { code: 500, errCode: 10006, text: "JetStream not in clustered mode" },
  clusterNotAssigned: { code: 500, errCode: 10007, text: "JetStream cluster not assigned to this server" },
  clusterNotAvailable: { code: 503, errCode: 10008, text: "JetStream system temporarily unavailable" },
  clusterNotLeader: { code: 500, errCode: 10009, text: "JetStream cluster can not handle request" },
  clusterRequired: { code: 503, errCode: 10010, text: "JetStream clustering support required" },
  clusterTags: { code: 400, errCode: 10011, text: "tags placement not supported for operation" },
  consumerCreate: { code: 500, errCode: 10012, text: "{err}" },
  consumerNameExists: { code: 400, errCode: 10013, text: "consumer name already in use" },
  consumerNotFound: { code: 404, errCode: 10014, text: "consumer not found" },
  snapshotDeliverSubjectInvalid: { code: 400, errCode: 10015, text: "deliver subject not valid" },
  consumerDurableNameNotInSubject: { code: 400, errCode: 10016, text: "consumer expected to be durable but no durable name set in subject" },
  consumerDurableNameNotMatchSubject: { code: 400, errCode: 10017, text: "consumer name in subject does not match durable name in request" },
  consumerDurableNameNotSet: { code: 400, errCode: 10018, text: "consumer expected to be durable but a durable name was not set" },
  consumerEphemeralWithDurableInSubject: { code: 400, errCode: 10019, text: "consumer expected to be ephemeral but detected a durable name set in subject" },
  consumerEphemeralWithDurableName: { code: 400, errCode: 10020, text: "consumer expected to be ephemeral but a durable name was set in request" },
  streamExternalApiOverlap: { code: 400, errCode: 10021, text: "stream external api prefix {prefix} must not overlap with {subject}" },
  streamExternalDeliverPrefixOverlaps: { code: 400, errCode: 10022, text: "stream external delivery prefix {prefix} overlaps with stream subject {subject}" },
  insufficientResources: { code: 503, errCode: 10023, text: "insufficient resources" },
  streamInvalidExternalDeliverySubject: { code: 400, errCode: 10024, text: "stream external delivery prefix {prefix} must not contain wildcards" },
  invalidJson: { code: 400, errCode: 10025, text: "invalid JSON: {err}" },
  maximumConsumersLimit: { code: 400, errCode: 10026, text: "maximum consumers limit reached" },
  maximumStreamsLimit: { code: 400, errCode: 10027, text: "maximum number of streams reached" },
  memoryResourcesExceeded: { code: 500, errCode: 10028, text: "insufficient memory resources available" },
  mirrorConsumerSetupFailed: { code: 500, errCode: 10029, text: "{err}" },
  mirrorMaxMessageSizeTooBig: { code: 400, errCode: 10030, text: "stream mirror must have max message size >= source" },
  mirrorWithSources: { code: 400, errCode: 10031, text: "stream mirrors can not also contain other sources" },
  mirrorWithStartSeqAndTime: { code: 400, errCode: 10032, text: "stream mirrors can not have both start seq and start time configured" },
  mirrorWithSubjectFilters: { code: 400, errCode: 10033, text: "stream mirrors can not contain filtered subjects" },
  mirrorWithSubjects: { code: 400, errCode: 10034, text: "stream mirrors can not contain subjects" },
  noAccount: { code: 503, errCode: 10035, text: "account not found" },
  clusterUnsupportedFeature: { code: 503, errCode: 10036, text: "not currently supported in clustered mode" },
  noMessageFound: { code: 404, errCode: 10037, text: "no message found" },
  notEmptyRequest: { code: 400, errCode: 10038, text: "expected an empty request payload" },
  notEnabledForAccount: { code: 503, errCode: 10039, text: "JetStream not enabled for account" },
  clusterPeerNotMember: { code: 400, errCode: 10040, text: "peer not a member" },
  raftGeneral: { code: 500, errCode: 10041, text: "{err}" },
  restoreSubscribeFailed: { code: 500, errCode: 10042, text: "JetStream unable to subscribe to restore snapshot {subject}: {err}" },
  sequenceNotFound: { code: 400, errCode: 10043, text: "sequence {seq} not found" },
  clusterServerNotMember: { code: 400, errCode: 10044, text: "server is not a member of the cluster" },
  sourceConsumerSetupFailed: { code: 500, errCode: 10045, text: "{err}" },
  sourceMaxMessageSizeTooBig: { code: 400, errCode: 10046, text: "stream source must have max message size >= target" },
  storageResourcesExceeded: { code: 500, errCode: 10047, text: "insufficient storage resources available" },
  streamAssignment: { code: 500, errCode: 10048, text: "{err}" },
  streamCreate: { code: 500, errCode: 10049, text: "{err}" },
  streamDelete: { code: 500, errCode: 10050, text: "{err}" },
  streamGeneral: { code: 500, errCode: 10051, text: "{err}" },
  streamInvalidConfig: { code: 500, errCode: 10052, text: "{err}" },
  streamLimits: { code: 500, errCode: 10053, text: "{err}" },
  streamMessageExceedsMaximum: { code: 400, errCode: 10054, text: "message size exceeds maximum allowed" },
  streamMirrorNotUpdatable: { code: 400, errCode: 10055, text: "stream mirror configuration can not be updated" },
  streamMismatch: { code: 400, errCode: 10056, text: "stream name in subject does not match request" },
  streamMsgDeleteFailed: { code: 500, errCode: 10057, text: "{err}" },
  streamNameExists: { code: 400, errCode: 10058, text: "stream name already in use with a different configuration" },
  streamNotFound: { code: 404, errCode: 10059, text: "stream not found" },
  streamNotMatch: { code: 400, errCode: 10060, text: "expected stream does not match" },
  streamReplicasNotUpdatable: { code: 400, errCode: 10061, text: "Replicas configuration can not be updated" },
  streamRestore: { code: 500, errCode: 10062, text: "restore failed: {err}" },
  streamSequenceNotMatch: { code: 503, errCode: 10063, text: "expected stream sequence does not match" },
  streamSnapshot: { code: 500, errCode: 10064, text: "snapshot failed: {err}" },
  streamSubjectOverlap: { code: 400, errCode: 10065, text: "subjects overlap with an existing stream" },
  streamTemplateCreate: { code: 500, errCode: 10066, text: "{err}" },
  streamTemplateDelete: { code: 500, errCode: 10067, text: "{err}" },
  streamTemplateNotFound: { code: 404, errCode: 10068, text: "template not found" },
  streamUpdate: { code: 500, errCode: 10069, text: "{err}" },
  streamWrongLastMsgId: { code: 400, errCode: 10070, text: "wrong last msg ID: {id}" },
  streamWrongLastSequence: { code: 400, errCode: 10071, text: "wrong last sequence: {seq}" },
  tempStorageFailed: { code: 500, errCode: 10072, text: "JetStream unable to open temp storage for restore" },
  templateNameNotMatchSubject: { code: 400, errCode: 10073, text: "template name in subject does not match request" },
  streamReplicasNotSupported: { code: 500, errCode: 10074, text: "replicas > 1 not supported in non-clustered mode" },
  peerRemap: { code: 503, errCode: 10075, text: "peer remap failed" },
  notEnabled: { code: 503, errCode: 10076, text: "JetStream not enabled" },
  streamStoreFailed: { code: 503, errCode: 10077, text: "{err}" },
  consumerConfigRequired: { code: 400, errCode: 10078, text: "consumer config required" },
  consumerDeliverToWildcards: { code: 400, errCode: 10079, text: "consumer deliver subject has wildcards" },
  consumerPushMaxWaiting: { code: 400, errCode: 10080, text: "consumer in push mode can not set max waiting" },
  consumerDeliverCycle: { code: 400, errCode: 10081, text: "consumer deliver subject forms a cycle" },
  consumerMaxPendingAckPolicyRequired: { code: 400, errCode: 10082, text: "consumer requires ack policy for max ack pending" },
  consumerSmallHeartbeat: { code: 400, errCode: 10083, text: "consumer idle heartbeat needs to be >= 100ms" },
  consumerPullRequiresAck: { code: 400, errCode: 10084, text: "consumer in pull mode requires explicit ack policy on workqueue stream" },
  consumerPullNotDurable: { code: 400, errCode: 10085, text: "consumer in pull mode requires a durable name" },
  consumerPullWithRateLimit: { code: 400, errCode: 10086, text: "consumer in pull mode can not have rate limit set" },
  consumerMaxWaitingNegative: { code: 400, errCode: 10087, text: "consumer max waiting needs to be positive" },
  consumerHeartbeatRequiresPush: { code: 400, errCode: 10088, text: "consumer idle heartbeat requires a push based consumer" },
  consumerFlowControlRequiresPush: { code: 400, errCode: 10089, text: "consumer flow control requires a push based consumer" },
  consumerDirectRequiresPush: { code: 400, errCode: 10090, text: "consumer direct requires a push based consumer" },
  consumerDirectRequiresEphemeral: { code: 400, errCode: 10091, text: "consumer direct requires an ephemeral consumer" },
  consumerOnMapped: { code: 400, errCode: 10092, text: "consumer direct on a mapped consumer" },
  consumerFilterNotSubset: { code: 400, errCode: 10093, text: "consumer filter subject is not a valid subset of the interest subjects" },
  consumerInvalidPolicy: { code: 400, errCode: 10094, text: "{err}" },
  consumerInvalidSampling: { code: 400, errCode: 10095, text: "failed to parse consumer sampling configuration: {err}" },
  streamInvalid: { code: 500, errCode: 10096, text: "stream not valid" },
  streamHeaderExceedsMaximum: { code: 400, errCode: 10097, text: "header size exceeds maximum allowed of 64k" },
  consumerWorkQueueRequiresExplicitAck: { code: 400, errCode: 10098, text: "workqueue stream requires explicit ack" },
  consumerWorkQueueMultipleUnfiltered: { code: 400, errCode: 10099, text: "multiple non-filtered consumers not allowed on workqueue stream" },
  consumerWorkQueueConsumerNotUnique: { code: 400, errCode: 10100, text: "filtered consumer not unique on workqueue stream" },
  consumerWorkQueueConsumerNotDeliverAll: { code: 400, errCode: 10101, text: "consumer must be deliver all on workqueue stream" },
  consumerNameTooLong: { code: 400, errCode: 10102, text: "consumer name is too long, maximum allowed is {max}" },
  consumerBadDurableName: { code: 400, errCode: 10103, text: "durable name can not contain '.', '*', '>'" },
  consumerStoreFailed: { code: 500, errCode: 10104, text: "error creating store for consumer: {err}" },
  consumerExistingActive: { code: 400, errCode: 10105, text: "consumer already exists and is still active" },
  consumerReplacementWithDifferentName: { code: 400, errCode: 10106, text: "consumer replacement durable config not the same" },
  consumerDescriptionTooLong: { code: 400, errCode: 10107, text: "consumer description is too long, maximum allowed is {max}" },
  consumerWithFlowControlNeedsHeartbeats: { code: 400, errCode: 10108, text: "consumer with flow control also needs heartbeats" },
  streamSealed: { code: 400, errCode: 10109, text: "invalid operation on sealed stream" },
  streamPurgeFailed: { code: 500, errCode: 10110, text: "{err}" },
  streamRollupFailed: { code: 500, errCode: 10111, text: "{err}" },
  consumerInvalidDeliverSubject: { code: 400, errCode: 10112, text: "invalid push consumer deliver subject" },
  streamMaxBytesRequired: { code: 400, errCode: 10113, text: "account requires a stream config to have max bytes set" },
  consumerMaxRequestBatchNegative: { code: 400, errCode: 10114, text: "consumer max request batch needs to be > 0" },
  consumerMaxRequestExpiresTooSmall: { code: 400, errCode: 10115, text: "consumer max request expires needs to be >= 1ms" },
  consumerMaxDeliverBackoff: { code: 400, errCode: 10116, text: "max deliver is required to be > length of backoff values" },
  streamInfoMaxSubjects: { code: 500, errCode: 10117, text: "subject details would exceed maximum allowed" },
  streamOffline: { code: 500, errCode: 10118, text: "stream is offline" },
  consumerOffline: { code: 500, errCode: 10119, text: "consumer is offline" },
  noLimits: { code: 400, errCode: 10120, text: "no JetStream default or applicable tiered limit present" },
  consumerMaxPendingAckExcess: { code: 400, errCode: 10121, text: "consumer max ack pending exceeds system limit of {limit}" },
  streamMaxStreamBytesExceeded: { code: 400, errCode: 10122, text: "stream max bytes exceeds account limit max stream bytes" },
  streamMoveAndScale: { code: 400, errCode: 10123, text: "can not move and scale a stream in a single update" },
  streamMoveInProgress: { code: 400, errCode: 10124, text: "stream move already in progress: {msg}" },
  consumerMaxRequestBatchExceeded: { code: 400, errCode: 10125, text: "consumer max request batch exceeds server limit of {limit}" },
  consumerReplicasExceedsStream: { code: 400, errCode: 10126, text: "consumer config replica count exceeds parent stream" },
  consumerNameContainsPathSeparators: { code: 400, errCode: 10127, text: "Consumer name can not contain path separators" },
  streamNameContainsPathSeparators: { code: 400, errCode: 10128, text: "Stream name can not contain path separators" },
  streamMoveNotInProgress: { code: 400, errCode: 10129, text: "stream move not in progress" },
  streamNameExistsRestoreFailed: { code: 400, errCode: 10130, text: "stream name already in use, cannot restore" },
  consumerCreateFilterSubjectMismatch: { code: 400, errCode: 10131, text: "Consumer create request did not match filtered subject from create subject" },
  consumerCreateDurableAndNameMismatch: { code: 400, errCode: 10132, text: "Consumer Durable and Name have to be equal if both are provided" },
  replicasCountCannotBeNegative: { code: 400, errCode: 10133, text: "replicas count cannot be negative" },
  consumerReplicasShouldMatchStream: { code: 400, errCode: 10134, text: "consumer config replicas must match interest retention stream's replicas" },
  consumerMetadataLength: { code: 400, errCode: 10135, text: "consumer metadata exceeds maximum size of {limit}" },
  consumerDuplicateFilterSubjects: { code: 400, errCode: 10136, text: "consumer cannot have both FilterSubject and FilterSubjects specified" },
  consumerMultipleFiltersNotAllowed: { code: 400, errCode: 10137, text: "consumer with multiple subject filters cannot use subject based API" },
  consumerOverlappingSubjectFilters: { code: 400, errCode: 10138, text: "consumer subject filters cannot overlap" },
  consumerEmptyFilter: { code: 400, errCode: 10139, text: "consumer filter in FilterSubjects cannot be empty" },
  sourceDuplicateDetected: { code: 400, errCode: 10140, text: "duplicate source configuration detected" },
  sourceInvalidStreamName: { code: 400, errCode: 10141, text: "sourced stream name is invalid" },
  mirrorInvalidStreamName: { code: 400, errCode: 10142, text: "mirrored stream name is invalid" },
  mirrorWithFirstSeq: { code: 400, errCode: 10143, text: "stream mirrors can not have first sequence configured" },
  sourceMultipleFiltersNotAllowed: { code: 400, errCode: 10144, text: "source with multiple subject transforms cannot also have a single subject filter" },
  sourceInvalidSubjectFilter: { code: 400, errCode: 10145, text: "source transform source: {err}" },
  sourceInvalidTransformDestination: { code: 400, errCode: 10146, text: "source transform: {err}" },
  sourceOverlappingSubjectFilters: { code: 400, errCode: 10147, text: "source filters can not overlap" },
  consumerAlreadyExists: { code: 400, errCode: 10148, text: "consumer already exists" },
  consumerDoesNotExist: { code: 400, errCode: 10149, text: "consumer does not exist" },
  mirrorMultipleFiltersNotAllowed: { code: 400, errCode: 10150, text: "mirror with multiple subject transforms cannot also have a single subject filter" },
  mirrorInvalidSubjectFilter: { code: 400, errCode: 10151, text: "mirror transform source: {err}" },
  mirrorOverlappingSubjectFilters: { code: 400, errCode: 10152, text: "mirror subject filters can not overlap" },
  consumerInactiveThresholdExcess: { code: 400, errCode: 10153, text: "consumer inactive threshold exceeds system limit of {limit}" },
  mirrorInvalidTransformDestination: { code: 400, errCode: 10154, text: "mirror transform: {err}" },
  streamTransformInvalidSource: { code: 400, errCode: 10155, text: "stream transform source: {err}" },
  streamTransformInvalidDestination: { code: 400, errCode: 10156, text: "stream transform: {err}" },
  pedantic: { code: 400, errCode: 10157, text: "pedantic mode: {err}" },
  streamDuplicateMessageConflict: { code: 409, errCode: 10158, text: "duplicate message id is in process" },
  consumerPriorityPolicyWithoutGroup: { code: 400, errCode: 10159, text: "Setting PriorityPolicy requires at least one PriorityGroup to be set" },
  consumerInvalidPriorityGroup: { code: 400, errCode: 10160, text: "Provided priority group does not exist for this consumer" },
  consumerEmptyGroupName: { code: 400, errCode: 10161, text: "Group name cannot be an empty string" },
  consumerInvalidGroupName: { code: 400, errCode: 10162, text: "Valid priority group name must match A-Z, a-z, 0-9, -_/=)+ and may not exceed 16 characters" },
  streamExpectedLastSeqPerSubjectNotReady: { code: 503, errCode: 10163, text: "expected last sequence per subject temporarily unavailable" },
  streamWrongLastSequenceConstant: { code: 400, errCode: 10164, text: "wrong last sequence" },
  messageTtlInvalid: { code: 400, errCode: 10165, text: "invalid per-message TTL" },
  messageTtlDisabled: { code: 400, errCode: 10166, text: "per-message TTL is disabled" },
  streamTooManyRequests: { code: 429, errCode: 10167, text: "too many requests" },
  messageIncrDisabled: { code: 400, errCode: 10168, text: "message counters is disabled" },
  messageIncrMissing: { code: 400, errCode: 10169, text: "message counter increment is missing" },
  messageIncrPayload: { code: 400, errCode: 10170, text: "message counter has payload" },
  messageIncrInvalid: { code: 400, errCode: 10171, text: "message counter increment is invalid" },
  messageCounterBroken: { code: 400, errCode: 10172, text: "message counter is broken" },
  mirrorWithCounters: { code: 400, errCode: 10173, text: "stream mirrors can not also calculate counters" },
  atomicPublishDisabled: { code: 400, errCode: 10174, text: "atomic publish is disabled" },
  atomicPublishMissingSeq: { code: 400, errCode: 10175, text: "atomic publish sequence is missing" },
  atomicPublishIncompleteBatch: { code: 400, errCode: 10176, text: "atomic publish batch is incomplete" },
  atomicPublishUnsupportedHeaderBatch: { code: 400, errCode: 10177, text: "atomic publish unsupported header used: {header}" },
  consumerPushWithPriorityGroup: { code: 400, errCode: 10178, text: "priority groups can not be used with push consumers" },
  atomicPublishInvalidBatchId: { code: 400, errCode: 10179, text: "atomic publish batch ID is invalid" },
  streamMinLastSeq: { code: 412, errCode: 10180, text: "min last sequence" },
  consumerAckPolicyInvalid: { code: 400, errCode: 10181, text: "consumer ack policy invalid" },
  consumerReplayPolicyInvalid: { code: 400, errCode: 10182, text: "consumer replay policy invalid" },
  consumerAckWaitNegative: { code: 400, errCode: 10183, text: "consumer ack wait needs to be positive" },
  consumerBackoffNegative: { code: 400, errCode: 10184, text: "consumer backoff needs to be positive" },
  requiredApiLevel: { code: 412, errCode: 10185, text: "JetStream minimum api level required" },
  mirrorWithMsgSchedules: { code: 400, errCode: 10186, text: "stream mirrors can not also schedule messages" },
  sourceWithMsgSchedules: { code: 400, errCode: 10187, text: "stream source can not also schedule messages" },
  messageSchedulesDisabled: { code: 400, errCode: 10188, text: "message schedules is disabled" },
  messageSchedulesPatternInvalid: { code: 400, errCode: 10189, text: "message schedules pattern is invalid" },
  messageSchedulesTargetInvalid: { code: 400, errCode: 10190, text: "message schedules target is invalid" },
  messageSchedulesTtlInvalid: { code: 400, errCode: 10191, text: "message schedules invalid per-message TTL" },
  messageSchedulesRollupInvalid: { code: 400, errCode: 10192, text: "message schedules invalid rollup" },
  streamExpectedLastSeqPerSubjectInvalid: { code: 400, errCode: 10193, text: "missing sequence for expected last sequence per subject" },
  streamOfflineReason: { code: 500, errCode: 10194, text: "stream is offline: {err}" },
  consumerOfflineReason: { code: 500, errCode: 10195, text: "consumer is offline: {err}" },
  consumerPriorityGroupWithPolicyNone: { code: 400, errCode: 10196, text: "consumer can not have priority groups when policy is none" },
  consumerPinnedTtlWithoutPriorityPolicy: { code: 400, errCode: 10197, text: "PinnedTTL cannot be set when PriorityPolicy is none" },
  mirrorWithAtomicPublish: { code: 400, errCode: 10198, text: "stream mirrors can not also use atomic publishing" },
  atomicPublishTooLargeBatch: { code: 400, errCode: 10199, text: "atomic publish batch is too large: {size}" },
  atomicPublishInvalidBatchCommit: { code: 400, errCode: 10200, text: "atomic publish batch commit is invalid" },
  atomicPublishContainsDuplicateMessage: { code: 400, errCode: 10201, text: "atomic publish batch contains duplicate message id" },
  clusterServerMemberChangeInflight: { code: 400, errCode: 10202, text: "cluster member change is in progress" },
  messageSchedulesSourceInvalid: { code: 400, errCode: 10203, text: "message schedules source is invalid" },
  consumerInvalidReset: { code: 400, errCode: 10204, text: "invalid reset: {err}" },
  batchPublishDisabled: { code: 400, errCode: 10205, text: "batch publish is disabled" },
  batchPublishInvalidPattern: { code: 400, errCode: 10206, text: "batch publish pattern is invalid" },
  batchPublishInvalidBatchId: { code: 400, errCode: 10207, text: "batch publish ID is invalid" },
  batchPublishUnknownBatchId: { code: 400, errCode: 10208, text: "batch publish ID unknown" },
  mirrorWithBatchPublish: { code: 400, errCode: 10209, text: "stream mirrors can not also use batch publishing" },
  atomicPublishTooManyInflight: { code: 429, errCode: 10210, text: "atomic publish too many inflight" },
  batchPublishTooManyInflight: { code: 429, errCode: 10211, text: "batch publish too many inflight" },
  messageSchedulesSchedulerInvalid: { code: 400, errCode: 10212, text: "message schedules invalid scheduler" },
  mirrorDurableConsumerConfigInvalid: { code: 400, errCode: 10213, text: "stream mirror consumer config is invalid" },
  mirrorConsumerRequiresAckFlowControl: { code: 400, errCode: 10214, text: "stream mirror consumer requires flow control ack policy" },
  sourceDurableConsumerConfigInvalid: { code: 400, errCode: 10215, text: "stream source consumer config is invalid" },
  sourceDurableConsumerDuplicateDetected: { code: 400, errCode: 10216, text: "duplicate stream source consumer detected" },
  sourceConsumerRequiresAckFlowControl: { code: 400, errCode: 10217, text: "stream source consumer requires flow control ack policy" },
  consumerAckFlowControlRequiresPush: { code: 400, errCode: 10218, text: "flow control ack policy requires a push based consumer" },
  consumerAckFlowControlRequiresFlowControl: { code: 400, errCode: 10219, text: "flow control ack policy requires flow control" },
  consumerAckFlowControlRequiresMaxAckPending: { code: 400, errCode: 10220, text: "flow control ack policy requires max ack pending" },
  consumerAckFlowControlRequiresNoAckWait: { code: 400, errCode: 10221, text: "flow control ack policy requires unset ack wait" },
  consumerAckFlowControlRequiresNoMaxDeliver: { code: 400, errCode: 10222, text: "flow control ack policy requires unset max deliver" },
  messageSchedulesTimeZoneInvalid: { code: 400, errCode: 10223, text: "message schedules time zone is invalid" },
} as const satisfies Record<string, ApiErrorSpec>;

export type ApiErrorName = keyof typeof apiErrors;

type Holes<Text extends string> = Text extends `${string}{${infer Hole}}${infer Rest}` ? Hole | Holes<Rest> : never;
type HolesOf<Name extends ApiErrorName> = Holes<(typeof apiErrors)[Name]["text"]>;
type Fillings<Name extends ApiErrorName> = [HolesOf<Name>] extends [never]
  ? []
  : [Readonly<Record<HolesOf<Name>, string | number>>];

/** Errors whose text is all somebody else's words. */
export type WrappingError = {
  [Name in ApiErrorName]: (typeof apiErrors)[Name]["text"] extends "{err}" ? Name : never;
}[ApiErrorName];

/**
 * A refused request. Its fields are those of `error` in the response. It is no
 * Error: nothing is wrong in here, and a stack would cost more than the refusal.
 */
export class ApiError {
  readonly code: number;
  readonly errCode: number;
  readonly description: string;

  constructor(code: number, errCode: number, description: string) {
    this.code = code;
    this.errCode = errCode;
    this.description = description;
  }
  /** Whether it is this row, whatever fills its holes. */
  is(name: ApiErrorName): boolean {
    return this.errCode === apiErrors[name].errCode;
  }
}

/** The error of a row, its holes filled. `throw apiError("consumerNameTooLong", { max: 255 })`. */
export function apiError<Name extends ApiErrorName>(name: Name, ...values: Fillings<Name>): ApiError {
  const { code, errCode, text }: ApiErrorSpec = apiErrors[name];
  const given: Readonly<Record<string, string | number>> | undefined = values[0];
  if (given === undefined) return new ApiError(code, errCode, text);
  const description = text.replaceAll(/\{(\w+)\}/g, (_, hole: string) => String(given[hole]));
  return new ApiError(code, errCode, description);
}

/** What an operation failed with, for its response: an ApiError as it is, anything else in its own words. */
export function wrapError(name: WrappingError, cause: unknown): ApiError {
  if (cause instanceof ApiError) return cause;
  const { code, errCode } = apiErrors[name];
  return new ApiError(code, errCode, cause instanceof Error ? cause.message : String(cause));
}
