// Tokens as files hold them: bare, or between lines of dashes that say what it is.
//
//   -----BEGIN NATS OPERATOR JWT-----
//   eyJ0eXAi…
//   ------END NATS OPERATOR JWT------

const BLOCK = /-{3,}.*-{3,}\r?\n([\w\-.=]+)\r?\n-{3,}.*-{3,}(?:\r?\n|$)/;

/** The first token of a file; a file without such lines is a token as it stands. */
export function tokenOfFile(contents: string): string {
  return BLOCK.exec(contents)?.[1] ?? contents;
}
