// Bytes waiting for one peer.
//
// They are gathered in a slot of the arena and leave in one write per turn:
//
//     slot (filling) → queue (full slots, owned buffers) → in flight (kernel) → gone
//
// Owns its slots. One write batch is in flight at a time. Enforces the two
// slow-consumer rules: pending bytes and write deadline.

import { bytes, copy2 } from "../base/arena.ts";
import type { Transport } from "../base/transport.ts";
import type { Env, Timer } from "../base/world.ts";
import type { Broadcast, SharedSlot } from "./broadcast.ts";
import { giveSlot, LARGEST_GRADE, SLOT_BYTES, SLOT_SLACK, takeSlot } from "./slots.ts";
import type { Gate, Turn } from "./turn.ts";

/** Largest write batch; the write deadline is for one batch. */
const BATCH_BYTES = 4 * 1024 * 1024;
/** Pieces at least this large go out by reference. */
export const BY_REFERENCE = 128 * 1024;
const OVERFLOW_BYTES = 64 * 1024;
/** A shared slot filled to less than this part is copied from: who reads slowly shall not hold much for little. */
const WORTH_HOLDING = 1 / 4;
/** So much is worth a write of its own. */
const EARLY_BYTES = 16 * 1024;
/** What is pending is looked at when a slot is full: who may have little pending gets no larger slots than this part of it. */
const LARGEST_PART = 1 / 8;
/** Part of the pending limit above which producers are stalled. */
const GATE = 0.75;

export interface OutboundLimits {
  /** Most bytes that may wait, the kernel's own buffer not counted. */
  readonly maxPendingBytes: number;
  readonly writeDeadlineMs: number;
}

/** Told when the peer reads too slowly. The owner closes the connection. */
export interface OutboundOwner {
  onPendingExceeded(): void;
  onWriteDeadline(chunks: number, pendingBytes: number): void;
}

/** A full slot of the arena, what was filled of one that is shared, or an owned buffer. */
interface Piece {
  readonly from: number;
  readonly to: number;
  readonly grade: number;
  readonly owned: Uint8Array | undefined;
  readonly shared: SharedSlot | undefined;
}

export class Outbound implements Gate {
  readonly #turn: Turn;
  readonly #env: Env;
  readonly #owner: OutboundOwner;
  readonly #transport: Transport;
  #maxPendingBytes = 0;
  #writeDeadlineMs = 0;
  #mostGrade = 0;

  // The slot being filled. No slot: all zero. `#limit` leaves room for the kernel's overshoot.
  #start = 0;
  #position = 0;
  #limit = 0;
  #grade = 0;
  /** Nothing is to be done for what is queued now: the turn flushes it. Never while it is congested. */
  #touched = false;
  /** The turn knows of it. */
  #isListed = false;
  /** What it gets with others: its own slot is closed meanwhile, with `#limit` 0. */
  #broadcast: Broadcast | undefined = undefined;
  #ownLimit = 0;
  // Where the arena is exhausted: a plain buffer, filled instead of a slot.
  #overflow: Uint8Array | undefined = undefined;
  #overflowUsed = 0;

  #queue: Piece[] = [];
  #queuedBytes = 0;
  #inFlight: Piece[] = [];
  #inFlightBytes = 0;
  #deadline: Timer | undefined = undefined;
  #waiters: (() => void)[] = [];
  readonly #watchers = new Set<() => void>();
  #closed = false;
  /** Above the gate: producers are stalled. */
  congested = false;
  #stalls = 0;

  constructor(turn: Turn, env: Env, transport: Transport, owner: OutboundOwner, limits: OutboundLimits) {
    this.#turn = turn;
    this.#env = env;
    this.#transport = transport;
    this.#owner = owner;
    this.limit(limits);
  }

  /** Bytes not yet taken by the kernel. */
  get pendingBytes(): number {
    const shared = this.#broadcast === undefined ? 0 : this.#broadcast.bytes;
    return this.#queuedBytes + this.#inFlightBytes + (this.#position - this.#start) + this.#overflowUsed + shared;
  }
  get fullness(): number {
    return this.pendingBytes / this.#maxPendingBytes;
  }
  /** How often a producer was made to wait for this peer. */
  get stalls(): number {
    return this.#stalls;
  }
  get isClosed(): boolean {
    return this.#closed;
  }

  /** Queues arena bytes: piece `a`, then piece `b`. They are copied. */
  put2(a: number, aLength: number, b: number, bLength: number): void {
    const need = aLength + bLength;
    if (this.#position + need > this.#limit && !this.#makeRoom(need)) {
      this.#putOverflow(bytes, a, aLength);
      this.#putOverflow(bytes, b, bLength);
      return;
    }
    copy2(this.#position, a, aLength, b, bLength);
    this.#position += need;
    if (!this.#touched) this.#touch();
  }

  /**
   * Room for at most `need` bytes: where they go, before anything else is queued; `took` says how far they reach. −1
   * when there is none: they have to be given to `put`.
   */
  claim(need: number): number {
    if (this.#position + need > this.#limit && !this.#makeRoom(need)) return -1;
    return this.#position;
  }
  /** The bytes of the last `claim` end there. */
  took(end: number): void {
    this.#position = end;
    if (end === this.#start) {
      // None: nobody would give the slot back.
      this.#dropSlot();
      return;
    }
    if (!this.#touched) this.#touch();
  }

  /** Queues a copy of `source[from, to)`, from anywhere. */
  put(source: Uint8Array, from = 0, to = source.length): void {
    const need = to - from;
    if (this.#position + need > this.#limit && !this.#makeRoom(need)) {
      this.#putOverflow(source, from, need);
      return;
    }
    const position = this.#position;
    if (need < 48) for (let i = 0; i < need; i++) bytes[position + i] = source[from + i]!;
    else bytes.set(source.subarray(from, to), position);
    this.#position = position + need;
    if (!this.#touched) this.#touch();
  }

  /** Queues bytes that nobody will change any more, by reference. Worth it from BY_REFERENCE on. */
  putOwned(owned: Uint8Array): void {
    this.#broadcast?.settle();
    if (this.#closed) return;
    this.#seal();
    // What was sealed may have been too much.
    if (this.#closed) return;
    this.#enqueue({ from: 0, to: owned.length, grade: -1, owned, shared: undefined });
    if (!this.#touched) this.#touch();
  }

  // ---- what it gets with others; for Broadcast

  /** It has room, and nobody has to notice each piece it gets. */
  get takesBroadcasts(): boolean {
    return !this.#closed && !this.congested && this.#mostGrade === LARGEST_GRADE;
  }
  /** From now on bytes that it gets with others belong behind its own. */
  join(broadcast: Broadcast): void {
    this.#broadcast?.settle();
    this.#broadcast = broadcast;
    this.#ownLimit = this.#limit;
    this.#limit = 0;
    if (!this.#touched) this.#touch();
  }
  leave(): void {
    this.#broadcast = undefined;
    this.#limit = this.#ownLimit;
  }
  /** Queues what was filled of `slot`, up to `to`; what fills it is sent at once. */
  putShared(slot: SharedSlot, to: number, isFull: boolean): void {
    if (this.#closed) return;
    const { from, grade } = slot;
    if (to - from < SLOT_BYTES[grade]! * WORTH_HOLDING) {
      this.put(bytes, from, to);
      return;
    }
    this.#seal();
    if (this.#closed) return;
    slot.hold();
    this.#enqueue({ from, to, grade, owned: undefined, shared: slot });
    if (this.#closed) return;
    if (isFull && this.#inFlight.length === 0) this.#writeQueue();
    else if (!this.#touched) this.#touch();
  }
  /** Counts what it got with others. */
  settle(): void {
    this.#broadcast?.settle();
  }

  /** Hands everything to the transport, unless a batch is in flight. The turn calls it; before closing, the owner. */
  flush(): void {
    this.#broadcast?.settle();
    this.#touched = false;
    this.#isListed = false;
    if (this.#closed || this.#inFlight.length > 0) return;
    if (this.#queue.length === 0 && this.#overflow === undefined) {
      if (this.#position > this.#start) this.#writeSlot();
      return;
    }
    this.#seal();
    this.#writeQueue();
  }

  /**
   * Hands what is there to the transport before the turn ends, when that is much and nothing else waits: a peer that
   * asked for many things has something to do while the rest is made.
   */
  flushEarly(): void {
    this.#broadcast?.settle();
    if (this.#position - this.#start < EARLY_BYTES || this.#inFlight.length > 0 || this.#queue.length > 0) return;
    this.#writeSlot();
  }

  /** The transport says that the batch in flight is out. */
  onWritten(): void {
    this.#deadline?.cancel();
    this.#deadline = undefined;
    this.#release(this.#inFlight);
    this.#inFlight = [];
    this.#inFlightBytes = 0;
    if (this.#closed) return;
    this.flush();
    this.#openGate();
    this.#tellWritten();
  }

  /**
   * Runs `then` once, however often it was asked to, when a batch in flight is out or the peer is gone. False, and never,
   * when nothing is in flight.
   */
  whenWritten(then: () => void): boolean {
    if (this.#closed || this.#inFlight.length === 0) return false;
    this.#watchers.add(then);
    return true;
  }

  whenOpen(open: () => void): void {
    this.#stalls++;
    this.#waiters.push(open);
  }

  /** Changes the limits; for reload and authentication. */
  limit(limits: OutboundLimits): void {
    this.#maxPendingBytes = limits.maxPendingBytes;
    this.#writeDeadlineMs = limits.writeDeadlineMs;
    const isMuch = SLOT_BYTES[LARGEST_GRADE]! <= limits.maxPendingBytes * LARGEST_PART;
    this.#mostGrade = isMuch ? LARGEST_GRADE : LARGEST_GRADE - 1;
  }

  /** Hands everything to the transport, also behind a batch in flight, and closes: the connection is about to end. */
  finish(): void {
    this.#broadcast?.settle();
    if (this.#closed) return;
    this.#seal();
    for (const piece of this.#queue) {
      if (piece.owned === undefined) this.#transport.write(piece.from, piece.to);
      else this.#transport.writeOwned(piece.owned);
    }
    // The transport may still read them: they go back when it is gone.
    this.#inFlight.push(...this.#queue);
    this.#queue = [];
    this.#queuedBytes = 0;
    this.close();
  }

  /**
   * Nothing is queued any more. Slots in flight stay taken until the transport
   * is gone: call `gone` then.
   */
  close(): void {
    this.#broadcast?.settle();
    this.#closed = true;
    this.#deadline?.cancel();
    this.#deadline = undefined;
    this.#release(this.#queue);
    this.#queue = [];
    this.#queuedBytes = 0;
    this.#overflow = undefined;
    this.#overflowUsed = 0;
    this.#dropSlot();
    this.#openGate();
    this.#tellWritten();
  }

  /** The transport is gone: every slot goes back. */
  gone(): void {
    this.close();
    this.#release(this.#inFlight);
    this.#inFlight = [];
    this.#inFlightBytes = 0;
  }

  #touch(): void {
    if (this.#closed) return;
    // While it is congested each piece is noticed, and whoever feeds it waits.
    if (this.congested) this.#turn.congested(this);
    else this.#touched = true;
    if (this.#isListed) return;
    this.#isListed = true;
    this.#turn.touch(this);
  }

  /** Makes a slot with room for `need` bytes; false when it has to go through an overflow buffer. */
  #makeRoom(need: number): boolean {
    if (this.#broadcast !== undefined) {
      this.#broadcast.settle();
      if (this.#limit > 0 && this.#position + need <= this.#limit) return true;
    }
    if (this.#closed) return false;
    if (this.#position > this.#start) {
      if (this.#inFlight.length === 0 && this.#queue.length === 0) this.#writeSlot();
      else this.#seal();
      if (this.#closed) return false;
      if (this.#grade < this.#mostGrade) this.#grade++;
    }
    while (this.#grade < this.#mostGrade && SLOT_BYTES[this.#grade]! - SLOT_SLACK < need) this.#grade++;
    if (this.#limit > 0 && this.#start + need > this.#limit) this.#dropSlot();
    if (this.#limit > 0) return true;
    if (this.#overflow !== undefined || SLOT_BYTES[this.#grade]! - SLOT_SLACK < need) return false;
    const slot = takeSlot(this.#grade);
    if (slot < 0) return false;
    this.#start = slot;
    this.#position = slot;
    this.#slotGrade = this.#grade;
    this.#limit = slot + SLOT_BYTES[this.#grade]! - SLOT_SLACK;
    return true;
  }
  #slotGrade = 0;

  #dropSlot(): void {
    if (this.#limit > 0) giveSlot(this.#slotGrade, this.#start);
    this.#start = 0;
    this.#position = 0;
    this.#limit = 0;
  }

  #putOverflow(source: Uint8Array, from: number, length: number): void {
    if (this.#closed) return;
    if (this.#overflow !== undefined && this.#overflowUsed + length > this.#overflow.length) this.#sealOverflow();
    if (this.#overflow === undefined) {
      this.#sealSlot();
      if (this.#closed) return;
      this.#overflow = Buffer.allocUnsafeSlow(Math.max(length, OVERFLOW_BYTES));
    }
    this.#overflow.set(source.subarray(from, from + length), this.#overflowUsed);
    this.#overflowUsed += length;
    if (!this.#touched) this.#touch();
  }

  /** Writes the slot being filled; keeps it when the kernel took everything. */
  #writeSlot(): void {
    const from = this.#start;
    const to = this.#position;
    this.#turn.count(to - from);
    if (this.#transport.write(from, to)) {
      // Small traffic goes back to a small slot; the slot itself is only held while it has bytes.
      if (this.#grade > 0 && to - from < SLOT_BYTES[this.#grade - 1]! >> 2) this.#grade--;
      this.#dropSlot();
      return;
    }
    this.#inFlight.push({ from, to, grade: this.#slotGrade, owned: undefined, shared: undefined });
    this.#inFlightBytes = to - from;
    this.#start = 0;
    this.#position = 0;
    this.#limit = 0;
    this.#armDeadline();
  }

  #writeQueue(): void {
    let count = 0;
    let total = 0;
    while (count < this.#queue.length && total < BATCH_BYTES) {
      total += this.#queue[count]!.to - this.#queue[count]!.from;
      count++;
    }
    if (count === 0) return;
    const batch = this.#queue.splice(0, count);
    this.#queuedBytes -= total;
    this.#turn.count(total);
    let free = true;
    if (count > 1) this.#transport.cork();
    for (const piece of batch) {
      const now =
        piece.owned === undefined
          ? this.#transport.write(piece.from, piece.to)
          : this.#transport.writeOwned(piece.owned);
      free = free && now;
    }
    if (count > 1) this.#transport.uncork();
    if (free) {
      this.#release(batch);
      if (this.#queue.length > 0) this.#writeQueue();
      return;
    }
    this.#inFlight = batch;
    this.#inFlightBytes = total;
    this.#armDeadline();
  }

  /** Moves what is being filled to the queue. */
  #seal(): void {
    this.#sealSlot();
    this.#sealOverflow();
  }

  #sealSlot(): void {
    if (this.#position === this.#start) return;
    const piece = {
      from: this.#start,
      to: this.#position,
      grade: this.#slotGrade,
      owned: undefined,
      shared: undefined,
    };
    this.#start = 0;
    this.#position = 0;
    this.#limit = 0;
    this.#enqueue(piece);
  }

  #sealOverflow(): void {
    if (this.#overflow === undefined) return;
    const owned = this.#overflow.subarray(0, this.#overflowUsed);
    this.#overflow = undefined;
    this.#overflowUsed = 0;
    this.#enqueue({ from: 0, to: owned.length, grade: -1, owned, shared: undefined });
  }

  #enqueue(piece: Piece): void {
    this.#queue.push(piece);
    this.#queuedBytes += piece.to - piece.from;
    if (this.#inFlight.length === 0 && this.#queuedBytes < this.#maxPendingBytes) return;
    const pending = this.#queuedBytes + this.#inFlightBytes;
    if (pending > this.#maxPendingBytes) this.#owner.onPendingExceeded();
    else if (pending > this.#maxPendingBytes * GATE) {
      this.congested = true;
      this.#touched = false;
      this.#turn.congested(this);
    }
  }

  #armDeadline(): void {
    if (this.#deadline !== undefined || this.#writeDeadlineMs <= 0) return;
    this.#deadline = this.#env.after(this.#writeDeadlineMs, () => {
      this.#deadline = undefined;
      this.#owner.onWriteDeadline(this.#inFlight.length, this.#inFlightBytes);
    });
  }

  #openGate(): void {
    if (!this.congested || (!this.#closed && this.fullness >= GATE)) return;
    this.congested = false;
    const waiters = this.#waiters;
    this.#waiters = [];
    for (const open of waiters) open();
  }

  #tellWritten(): void {
    if (this.#watchers.size === 0) return;
    const watchers = [...this.#watchers];
    this.#watchers.clear();
    for (const then of watchers) then();
  }

  #release(pieces: readonly Piece[]): void {
    for (const { owned, shared, grade, from } of pieces) {
      if (shared !== undefined) shared.release();
      else if (owned === undefined) giveSlot(grade, from);
    }
  }
}
