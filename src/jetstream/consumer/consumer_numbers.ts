// The numbers of a consumer as its info shows them. Owns nothing.

import type { Moment } from "../../base/nanos.ts";
import type { AckState } from "./ack_state.ts";
import type { ConsumerNumbers } from "./parts.ts";

/** What the state does not know. */
export interface OtherNumbers {
  readonly deliveredAt: Moment | undefined;
  readonly ackedAt: Moment | undefined;
  readonly numPending: number;
  readonly numWaiting: number;
  readonly pushBound: boolean;
  readonly pausedUntil: Moment | undefined;
  readonly groups: readonly string[];
  readonly pin: { readonly id: string; readonly since: Moment | undefined } | undefined;
}

export function numbersOf(state: AckState, other: OtherNumbers): ConsumerNumbers {
  const { numPending, numWaiting, pushBound, pausedUntil, groups, pin } = other;
  return {
    delivered: {
      consumerSeq: state.deliveredConsumerSeq,
      streamSeq: Math.max(0, state.deliveredStreamSeq),
      lastActive: other.deliveredAt,
    },
    ackFloor: {
      consumerSeq: state.ackFloorConsumerSeq,
      streamSeq: Math.max(0, state.ackFloorStreamSeq),
      lastActive: other.ackedAt,
    },
    numAckPending: state.numAckPending,
    numRedelivered: state.numRedelivered,
    numWaiting,
    numPending,
    pushBound,
    pausedUntil,
    priorityGroups: groups.slice(0, 1).map((group) => ({
      group,
      pinnedClientId: pin?.id ?? "",
      pinnedAt: pin?.since,
    })),
  };
}
