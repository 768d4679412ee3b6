// The command's last words on stderr, and its exit code.

export const PROGRAM = "nats-server";

/** Prints why the command could not do it, and remembers to exit with 1. */
export function complain(error: unknown): void {
  process.stderr.write(`${PROGRAM}: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = 1;
}
