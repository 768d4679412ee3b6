// What the configuration asks of the outside: files, the environment, and
// nothing else. `io` implements it; a test gives it a Map.

export interface ConfigSource {
  /**
   * Text of the file at `path` (relative to the working directory unless absolute).
   * Throws an Error whose message is Go's: `open x.conf: no such file or directory`.
   */
  read(path: string): string;
  /** Value of an environment variable, undefined when it is not set. */
  env(name: string): string | undefined;
}

/** A source for configuration that comes as an object: it has no files and no environment. */
export const noSource: ConfigSource = {
  read(path) {
    throw new Error(`open ${path}: no such file or directory`);
  },
  env: () => undefined,
};
