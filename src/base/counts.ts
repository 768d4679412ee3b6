/**
 * What a count begins as that may pass 2³¹; its constructor sets it to 0 then. V8 keeps a field that never was anything but
 * small as a small integer. When it outgrows that, the shape of its object changes, and all code compiled for that shape is
 * thrown away: 30 ms of turns that take ten times as long. A field that once was this is kept as a double.
 */
export const WIDE = 0.5;
