// The clocks of the world's time zones, by the system's own tables (Intl).
//
// The process's zone is read from TZ when the first clock is asked for.

/** As `Zones` of auth/jwt/time_windows.ts asks for it: seconds east of UTC, undefined where there is no such zone. */
export class TimeZones {
  readonly #clocks = new Map<string, Intl.DateTimeFormat | undefined>();

  offsetSec(zone: string, atMs: number): number | undefined {
    const clock = this.#clockOf(zone);
    if (clock === undefined) return undefined;
    const shown = new Map(clock.formatToParts(atMs).map(({ type, value }) => [type, Number(value)]));
    const field = (name: Intl.DateTimeFormatPartTypes): number => shown.get(name) ?? 0;
    const asUtc = Date.UTC(
      field("year"),
      field("month") - 1,
      field("day"),
      field("hour"),
      field("minute"),
      field("second"),
    );
    return Math.round((asUtc - Math.floor(atMs / 1000) * 1000) / 1000);
  }

  #clockOf(zone: string): Intl.DateTimeFormat | undefined {
    // Names come from tokens: their number is bounded here.
    if (this.#clocks.size > MAX_CLOCKS) this.#clocks.clear();
    if (!this.#clocks.has(zone)) this.#clocks.set(zone, openClock(zone));
    return this.#clocks.get(zone);
  }
}

const MAX_CLOCKS = 1000;

function openClock(zone: string): Intl.DateTimeFormat | undefined {
  try {
    return new Intl.DateTimeFormat("en-US", {
      timeZone: zone === "" ? undefined : zone,
      calendar: "gregory",
      numberingSystem: "latn",
      hourCycle: "h23",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
  } catch {
    return undefined;
  }
}
