// What is wrong with a configuration: errors that stop the server, warnings as
// nats-server has them, and notices about options that do nothing here yet.

import type { At } from "./tree.ts";
import { place } from "./tree.ts";

/** A configuration that cannot be used. The message is ready to print after `nats-server: `. */
export class ConfigError extends Error {
  override name = "ConfigError";
}

/** Thrown while reading one option; the block it is in adds the place and goes on with the next. */
export class OptionError extends Error {
  override name = "OptionError";
  readonly at: At | undefined;
  readonly placed: boolean;
  readonly hint: string | undefined;

  /** `at` is the option's own place when left out; "none" prints no place, as nats-server does for some. */
  constructor(text: string, more: { readonly at?: At | "none"; readonly hint?: string | undefined } | undefined = {}) {
    super(text);
    this.at = more.at === "none" ? undefined : more.at;
    this.placed = more.at !== "none";
    this.hint = more.hint;
  }
}

export class Problems {
  readonly #errors: string[] = [];
  readonly #warnings: string[] = [];
  readonly #notices: string[] = [];

  /** Lines of all errors, each followed by its suggestion if it has one. */
  get errors(): readonly string[] {
    return this.#errors;
  }
  /** Fatal for `-t`, printed to stderr by a start. */
  get warnings(): readonly string[] {
    return this.#warnings;
  }
  /** For the log at level warning: options that are accepted and do nothing yet. */
  get notices(): readonly string[] {
    return this.#notices;
  }

  error(at: At | undefined, text: string, hint?: string): void {
    this.#errors.push(at === undefined ? text : `${place(at)}: ${text}`);
    if (hint !== undefined) this.#errors.push(`  ${hint}`);
  }
  warn(at: At, field: string, text: string): void {
    this.#warnings.push(`${place(at)}: invalid use of field ${JSON.stringify(field)}: ${text}`);
  }
  notice(at: At, text: string): void {
    this.#notices.push(`${place(at)}: ${text}`);
  }

  /**
   * Runs `read`, turning an OptionError into an error at `at`; undefined when there was one.
   * `conversionsAt` is where nats-server reports values of the wrong type, when that is elsewhere.
   */
  attempt<T>(at: At, read: () => T, conversionsAt: At = at): T | undefined {
    try {
      return read();
    } catch (err) {
      if (!(err instanceof OptionError)) throw err;
      const own = err.message.startsWith("interface conversion:") ? conversionsAt : at;
      this.error(err.placed ? (err.at ?? own) : undefined, err.message, err.hint);
      return undefined;
    }
  }
}
