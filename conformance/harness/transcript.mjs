// A transcript file read into its setup and its steps. README.md describes the language.
//
// Knows the shape of each line, nothing of what it means on a socket.

const setupWords = new Set(["config", "bare", "flags", "env", "file", "own", "over", "token", "web"]);
const ownWords = new Set(["GET", "log", "nolog", "signal", "rewrite", "server", "start"]);
const wire = /^([A-Z][0-9]*)(>>|>|<<|<json|<keys|<like|<)(?: (.*))?$/s;
const joinedTight = /^[A-Z][0-9]*(?:<like| (?:req|answers?|msg|told|delivered|asked|grants|responds))(?: |$)/;
const command =
  /^([A-Z][0-9]*) (closed|ends|silent|quiet|count|drain|close|bytewise|reset|pause|resume|req|answers?|unanswered|msg|told|delivered|pub|pull|login|denied|tries|asked|grants|responds)(?: (.*))?$/s;

/**
 * @typedef {{ line: number, op: string, name?: string, text: string }} Step
 * @typedef {{ name: string, title: string, source: string, config: string, bare: boolean, own: boolean, flags: string,
 *   env: Record<string, string>, files: Record<string, string>, tokens: Record<string, string>, web: Record<string, string>, over: string[], steps: Step[] }} Transcript
 * @param {string} name
 * @param {string} source
 * @returns {Transcript}
 */
export function parseTranscript(name, source) {
  const transcript = { name, title: "", source: "", config: "", bare: false, own: false, flags: "" };
  Object.assign(transcript, { env: {}, files: {}, tokens: {}, web: {}, over: [], steps: [] });
  const lines = source.split("\n");
  if (lines.at(-1) === "") lines.pop();
  for (let i = 0; i < lines.length; i++) {
    const line = i + 1;
    let text = lines[i];
    if (text.startsWith("#")) {
      readComment(transcript, text);
      continue;
    }
    if (text.trim() === "") continue;
    const block = [];
    while (i + 1 < lines.length && lines[i + 1].startsWith("|")) block.push(lines[++i].slice(1).replace(/^ /, ""));
    const continued = block.length > 0;
    const word = /^\w+/.exec(text)?.[0] ?? "";
    if (setupWords.has(word) && !wire.test(text)) {
      setUp(transcript, word, text.slice(word.length).trim(), block.map((part) => `${part}\n`).join(""));
      continue;
    }
    if (continued && word !== "rewrite")
      text = joinedTight.test(text) ? `${text} ${block.join("")}` : `${text} ${block.join(" ")}`;
    transcript.steps.push(
      word === "rewrite" ? { line, op: "rewrite", text: `${block.join("\n")}\n` } : parseStep(line, text),
    );
    if (ownWords.has(word)) transcript.own = true;
  }
  if (transcript.source === "") throw new Error(`${name}: no "# Source:" line`);
  return transcript;
}

function readComment(transcript, text) {
  const body = text.slice(1).trim();
  const found = /(?:^|\s)Source:\s*(.+)$/.exec(body);
  if (found) transcript.source += `${transcript.source === "" ? "" : "; "}${found[1]}`;
  if (transcript.title === "") transcript.title = body.replace(/\s*Source:.*$/, "");
}

function setUp(transcript, word, rest, block) {
  if (word === "config") transcript.config += block;
  else if (word === "bare") transcript.bare = true;
  else if (word === "own") transcript.own = true;
  else if (word === "flags") transcript.flags = rest;
  else if (word === "over") transcript.over = rest.split(/\s+/);
  else if (word === "file") transcript.files[rest] = block;
  else if (word === "token" || word === "web") {
    const [, name, what] = /^((?:\$\{[^}]*\}|\S)+) ([^]*)$/.exec(`${rest} ${block.replaceAll("\n", " ")}`.trim());
    transcript[word === "web" ? "web" : "tokens"][name] = what;
  } else {
    const at = rest.indexOf("=");
    transcript.env[rest.slice(0, at)] = rest.slice(at + 1);
  }
}

/** One line as a step. @param {number} line @param {string} text @returns {Step} */
export function parseStep(line, text) {
  const onWire = wire.exec(text);
  if (onWire) return { line, op: onWire[2], name: onWire[1], text: onWire[3] ?? "" };
  const onConnection = command.exec(text);
  if (onConnection) return { line, op: onConnection[2], name: onConnection[1], text: onConnection[3] ?? "" };
  const [, op, rest] = /^(\S+)(?: ([^]*))?$/.exec(text);
  return { line, op, text: rest ?? "" };
}

/** The row ids (`1.19`) and the -ERR texts a transcript says it proves. @param {string} source */
export function claims(source) {
  const rows = [];
  const errors = [];
  for (const part of source.split(";")) {
    const error = /^\s*ERR (.+?)\s*$/.exec(part);
    if (error) errors.push(error[1]);
    else rows.push(...(part.match(/\b\d+\.\d+\b/g) ?? []));
  }
  return { rows, errors };
}
