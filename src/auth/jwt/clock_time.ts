// A time of day as tokens write it, "15:04:05".

export interface ClockTime {
  readonly hour: number;
  readonly minute: number;
  readonly second: number;
}

/** As Go parses "15:04:05": an hour of one digit and a fraction of a second are taken, the fraction dropped. */
export function parseClockTime(input: string): ClockTime | undefined {
  const found = /^(\d\d?):(\d\d):(\d\d)(?:[.,]\d+)?$/.exec(input);
  if (found === null) return undefined;
  const [hour, minute, second] = [Number(found[1]), Number(found[2]), Number(found[3])];
  return hour < 24 && minute < 60 && second < 60 ? { hour, minute, second } : undefined;
}
