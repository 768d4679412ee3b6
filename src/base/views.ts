// Views of the arrays that bytes were copied from and to last: through them a
// short piece is copied four bytes at a time. One message after the other comes from
// the same, so the last few are kept, and their arrays with them.

const MANY = 8;
const NONE = new Uint8Array(0);
const arrays: Uint8Array[] = Array.from({ length: MANY }, () => NONE);
const views: DataView[] = arrays.map(() => new DataView(NONE.buffer));
let oldest = 0;

/** A view of all of an array's bytes. */
export function viewOf(array: Uint8Array): DataView {
  for (let i = 0; i < MANY; i++) if (arrays[i] === array) return views[i]!;
  const view = new DataView(array.buffer, array.byteOffset, array.byteLength);
  arrays[oldest] = array;
  views[oldest] = view;
  oldest = (oldest + 1) % MANY;
  return view;
}
