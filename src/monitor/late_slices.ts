// JSON of a value that takes its own slices to make, in slices too: empty ones while it is made.

import { encodeSlices, type Kind } from "../base/json.ts";

/** The first slice of `making` is made now, so that it may refuse. */
export function lateSlices<D, E>(kind: Kind<D, E>, making: Generator<undefined, E>, indent = ""): Generator<string> {
  return slicesOf(kind, making, making.next(), indent);
}

function* slicesOf<D, E>(
  kind: Kind<D, E>,
  making: Generator<undefined, E>,
  first: IteratorResult<undefined, E>,
  indent: string,
): Generator<string> {
  let step = first;
  while (step.done !== true) {
    yield "";
    step = making.next();
  }
  yield* encodeSlices(kind, step.value, indent);
}
