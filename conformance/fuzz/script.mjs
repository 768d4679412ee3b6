// A session script: what three clients send, drawn at random, in ordinary and in odd spellings.
//
// Operations with the same batch number are sent in one write. Text is latin1: one character is one byte.
// Every queue group has one member, because which of several gets a message is left to chance.

/**
 * @typedef {{ client: number, batch: number, text: string, odd: boolean }} Operation odd: it may end the connection
 * @typedef {{ text: string, odd?: boolean }} Command
 * @typedef {import("./random.mjs").Random} Random
 */

export const clientCount = 3;
const turns = 16;

/**
 * @param {Random} random
 * @param {boolean} users whether clients log in
 * @returns {Operation[]}
 */
export function drawScript(random, users) {
  const script = [];
  const pipelined = random.once(2);
  for (let client = 0; client < clientCount; client++) {
    if (users || !random.once(12)) script.push({ client, batch: client, ...connect(random, client, users) });
  }
  for (let batch = clientCount; batch < clientCount + turns; batch++) {
    const client = random.below(clientCount);
    const length = pipelined ? 1 + random.below(6) : 1;
    for (let i = 0; i < length && !(i > 0 && script.at(-1).odd); i++) {
      script.push({ client, batch, odd: false, ...drawCommand(random, client, users) });
    }
  }
  return script;
}

/** @returns {Command} */
function drawCommand(random, client, users) {
  const at = random.below(100);
  if (at < 32) return subscribe(random, client);
  if (at < 39) return unsubscribe(random);
  if (at < 73) return publish(random);
  if (at < 89) return publishWithHeaders(random);
  if (at < 92) return { text: random.pick(["PONG\r\n", "+OK\r\n", "pong xx\r\n", "INFO {}\r\n", "+ok   \r\n"]) };
  if (at < 95) return connect(random, client, users);
  if (at < 97) return { text: tooLong(random), odd: true };
  return { text: random.pick(malformed), odd: true };
}

/** @returns {Command} */
function connect(random, client, users) {
  const options = {
    verbose: random.pick([true, false, false, undefined]),
    pedantic: random.pick([true, false, undefined]),
    headers: !random.once(10),
    echo: random.pick([true, true, false]),
    no_responders: random.pick([true, false, undefined]),
    protocol: random.once(30) ? random.pick([2, -1, 1]) : 0,
  };
  if (!options.headers && !random.once(20)) options.no_responders = undefined;
  if (users) Object.assign(options, { user: "abc"[client], pass: random.once(25) ? "x" : "p" });
  if (random.once(30)) options.account = "x";
  return { text: `${verb(random, "CONNECT")} ${JSON.stringify(options)}${lineEnd(random)}`, odd: true };
}

/** @returns {Command} */
function subscribe(random, client) {
  let sid = random.pick(["1", "2", "3", "s4", "\xfc"]);
  let queue = "";
  if (random.once(4)) {
    if (client === 0 && random.once(2)) [queue, sid] = random.pick(namedQueues);
    else queue = `${random.pick(["q", "dq", "_sys_"])}${client}${sid}`;
  }
  return { text: line(random, "SUB", pattern(random), queue, sid) };
}

/** Groups that the permissions of user a name, each with the only sid that joins it. */
const namedQueues = [
  ["dq", "d"],
  ["bad", "e"],
  ["q", "f"],
];

/** @returns {Command} */
function unsubscribe(random) {
  const most = random.pick(["", "", "", "1", "2", "3", "0", "x", "-1", "99999999999"]);
  return { text: line(random, "UNSUB", random.pick(["1", "2", "3", "s4", "d", "9"]), most) };
}

/** @returns {Command} */
function publish(random) {
  const size = random.below(12);
  const written = `${random.once(10) ? "0".repeat(random.below(3)) : ""}${size}`;
  return { text: `${line(random, "PUB", subject(random), reply(random), written)}${"p".repeat(size)}\r\n` };
}

/** @returns {Command} */
function publishWithHeaders(random) {
  const headers = random.pick(["NATS/1.0\r\n\r\n", "NATS/1.0\r\nK: v\r\n\r\n"]);
  const size = random.below(8);
  const sizes = [String(headers.length), String(headers.length + size)];
  const head = line(random, "HPUB", subject(random), reply(random), ...sizes);
  return { text: `${head}${headers}${"p".repeat(size)}\r\n`, odd: true };
}

function tooLong(random) {
  const payload = (size) => `${size}\r\n${"p".repeat(size)}\r\n`;
  return random.pick([
    `PUB a ${payload(65)}`,
    `PUB a ${payload(101)}`,
    `PUB a.b ${payload(21)}`,
    `SUB ${"x".repeat(random.below(300))} 1\r\n`,
    `HPUB a 12 70\r\nNATS/1.0\r\n\r\n${"p".repeat(58)}\r\n`,
  ]);
}

/** A control line in some spelling; arguments that are empty are left out. */
function line(random, name, ...args) {
  const spaced = args.filter((arg) => arg !== "").map((arg) => space(random) + arg);
  return verb(random, name) + spaced.join("") + lineEnd(random);
}

const space = (random) => random.pick([" ", " ", " ", "  ", "\t", " \t "]);
const lineEnd = (random) => random.pick(["\r\n", "\r\n", "\r\n", "\n", " \r\n", "\t\n"]);
const verb = (random, name) => random.pick([name, name, name.toLowerCase(), name[0].toLowerCase() + name.slice(1)]);

function reply(random) {
  if (!random.once(3)) return "";
  return random.pick(["_INBOX.x.1", "_INBOX.x.1", "a", "b.c", "$JS.ACK.q", "_R_.q", "_GR_.q", "a..b"]);
}

function subject(random) {
  if (random.once(20)) return random.pick(strangeSubjects);
  if (random.once(10)) return random.pick(reservedSubjects);
  return random.list(1, 1 + random.below(3), () => random.pick(tokens)).join(".");
}

function pattern(random) {
  if (random.once(3)) return subject(random);
  const token = (last) => random.pick([...tokens, "*", "*", last ? ">" : "*"]);
  return random.list(1, 3, token).join(".");
}

const tokens = ["a", "a", "a", "b", "b", "c", "x", "z"];
const strangeSubjects = ["a..b", ".a", "a.", ">.a", "a.>.b", "*", "**", "a*", ">a", "..", "a.b.c.d.e.f"];
const reservedSubjects = [
  ["$SYS.x", "$JS.ACK.a", "_R_.x", "_GR_.x.y", "$NRG.x", "_INBOX.x.1", "_INBOX.>", "d"],
  ["\xc3\xbc.\xc3\xa9", "\xfc.\xe9", "\xff\xfe"],
].flat();

const malformed = [
  ["PUB\r\n", "PUB \r\n", "PUB a\r\n", "PUB a b c d\r\nx\r\n", "PUB a x\r\n", "PUB a -1\r\n", "PUBX a 1\r\n"],
  ["PUB a 2\r\nxyz\r\n", "PUB a 2\r\nx\r\n\r\n", "PUB a 2\nxx\n", "PUB a 1234567890\r\n"],
  ["PUB a 000000000001\r\nx\r\n", "HPUB a 5 2\r\nxx\r\n", "HPUB a 2\r\nxx\r\n", "HPUB a x 2\r\n"],
  ["SUB\r\n", "SUB  \r\n", "SUB a\r\n", "SUB a b c d\r\n", "UNSUB\r\n", "UNSUB  \r\n", "UNSUB a b c\r\n"],
  ["CONNECT\r\n", "CONNECT \r\n", "CONNECT x\r\n", 'CONNECT {"verbose":1}\r\n', "INFO\r\n", "INFO x\r\n"],
  ["P", "PIN\r\n", "PINGG\r\n", "+OKK\r\n", "+X\r\n", "-ERR 'x'\r\n", "\r\n", "X\r\n", "\0"],
  ["RS+ a\r\n", "LS+ a\r\n", "A+ a\r\n", "MSG a 1 1\r\nx\r\n", "HMSG a 1 1 1\r\n"],
].flat();
