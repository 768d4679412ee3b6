// Why bytes on disk were not understood. A value, not an exception: the world failing is a result.

/** `short`: too few bytes to be one; `sum`: the checksum is wrong; `version`: written by something we do not know; `form`: the content contradicts itself. */
export type FaultKind = "short" | "sum" | "version" | "form";

export class Fault {
  readonly kind: FaultKind;

  constructor(kind: FaultKind) {
    this.kind = kind;
  }
}
