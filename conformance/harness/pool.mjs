// Plays many transcripts against one program, a few at a time.
//
// Transcripts with the same configuration share one server, one after the other; a transcript that looks at the
// server as a whole (its log, its monitoring, its signals) has one of its own.

import http from "node:http";
import { Failure, Player } from "./player.mjs";
import { ServerProcess } from "./server.mjs";
import { substitute } from "./literal.mjs";

const atOnce = 4;

const listeners = {
  tcp: () => "",
  ws: () => `websocket { listen: "127.0.0.1:-1", no_tls: true }\n`,
  tls: () => 'tls { cert_file: "${cert server}", key_file: "${key server}" }\n',
};

/**
 * @typedef {{ transcript: import("./transcript.mjs").Transcript, transport: string, failure?: Failure }} Play
 * @param {{ name: string, command: string[] }} program
 * @param {import("./transcript.mjs").Transcript[]} transcripts
 * @param {string} certsDir
 * @param {(play: Play) => void} onDone
 * @returns {Promise<Play[]>}
 */
export async function playAll(program, transcripts, certsDir, onDone) {
  const groups = new Map();
  const plays = [];
  for (const transcript of transcripts) {
    for (const transport of transcript.over.length > 0 ? transcript.over : ["tcp"]) {
      const play = { transcript, transport };
      plays.push(play);
      const { config, flags, env, files, bare, tokens, web } = transcript;
      const key = transcript.own
        ? `${transcript.name} ${transport}`
        : JSON.stringify([config, flags, env, files, bare, tokens, web, transport]);
      groups.set(key, [...(groups.get(key) ?? []), play]);
    }
  }
  const queue = [...groups.values()].sort((a, b) => b.length - a.length);
  const worker = async () => {
    for (let group = queue.shift(); group; group = queue.shift()) await playGroup(program, group, certsDir, onDone);
  };
  await Promise.all(Array.from({ length: atOnce }, worker));
  return plays;
}

/** @param {Play[]} group */
async function playGroup(program, group, certsDir, onDone) {
  const server = new ServerProcess(program);
  let starting;
  const { transcript, transport } = group[0];
  const expand = (text) => {
    const player = new Player({ program, certsDir, transcript, scratch: () => server });
    return substitute(text, player.lookup);
  };
  await server.serve(Object.entries(transcript.web).map(([url, text]) => [expand(url), expand(text)]));
  for (const [name, text] of Object.entries(transcript.files)) server.writeFile(name, expand(text));
  const getServer = () => {
    starting ??= (async () => {
      const config = listeners[transport]() + transcript.config;
      server.writeConfig(expand(config), transcript.bare);
      const flags = expand(transcript.flags);
      await server.start(flags === "" ? [] : flags.split(/\s+/), transcript.env);
      return server;
    })();
    return starting;
  };
  try {
    for (const play of group) {
      const setting = { program, certsDir, transcript: play.transcript, transport, getServer, scratch: () => server };
      try {
        await new Player(setting).play();
        if (group.length > 1) await untilEmpty(server);
      } catch (error) {
        play.failure = error instanceof Failure ? error : new Failure(1, error.stack ?? error.message);
        if (group.length > 1) await untilEmpty(server);
      }
      onDone(play);
    }
  } finally {
    await server.stop();
  }
}

/** Waits until the connections of the last transcript are gone, so that its subscriptions are too. */
async function untilEmpty(server) {
  for (let tries = 0; tries < 50; tries++) {
    const count = await connectionCount(server.ports.http);
    if (count === 0 || count === undefined) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 10);
    });
  }
}

/** @returns {Promise<number | undefined>} */
function connectionCount(port) {
  return new Promise((resolve) => {
    const request = http.get({ host: "127.0.0.1", port, path: "/connz", agent: false }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk) => (body += chunk));
      response.on("end", () => {
        try {
          resolve(JSON.parse(body).num_connections);
        } catch {
          resolve(undefined);
        }
      });
    });
    request.setTimeout(1000, () => request.destroy());
    request.on("error", () => resolve(undefined));
  });
}
