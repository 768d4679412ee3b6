// What a user may publish and subscribe to, as the configuration says it.

/** A missing `allow` allows everything that `deny` does not name; so does an empty one. */
export interface SubjectPermission {
  readonly allow?: readonly string[] | undefined;
  /** A subscribe entry may be "subject queue". */
  readonly deny?: readonly string[] | undefined;
}

export interface ResponsePermission {
  /** Replies allowed for each request; -1 is any number. */
  readonly max: number;
  /** How long after the request, in milliseconds; negative is forever. */
  readonly expires: number;
}

export interface Permissions {
  readonly publish?: SubjectPermission | undefined;
  readonly subscribe?: SubjectPermission | undefined;
  readonly allow_responses?: ResponsePermission | undefined;
}
