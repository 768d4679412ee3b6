// Messages on their way to one address, one behind the other, and their replies.
// Owns nothing: the bytes are those of others.

/** Messages as offsets into bytes of others. Headers and bodies lie in the arena; an empty header is none. */
export interface OutRun {
  readonly subject: Uint8Array;
  readonly subjectFrom: Int32Array;
  readonly subjectTo: Int32Array;
  readonly headerFrom: Int32Array;
  /** Where the header ends and the body begins. */
  readonly bodyFrom: Int32Array;
  readonly bodyTo: Int32Array;
}

/** The replies of a run, written into the arena. */
export interface RunReplies {
  /** Longer than this is none. */
  readonly roomFor: number;
  /** Writes the reply of the message `i` at `at`; its end. */
  write(i: number, at: number): number;
  /**
   * Makes the reply of `i` of the one of the message before, which `write` or this put there last. False when it is of
   * another length: then there is none until `write`.
   */
  change(i: number): boolean;
}
