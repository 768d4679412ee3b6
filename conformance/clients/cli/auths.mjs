// What `nats auth` does with a server: accounts and users made with it, pushed, asked for, and used; compared with what
// it printed against nats-server.

import { readFileSync } from "node:fs";
import path from "node:path";
import { playScript } from "./script.mjs";
import { steady } from "./servers.mjs";

const sys = "--creds sys.creds";
/** What needs no server: it comes before there is one. */
const made = [
  "auth operator add OP",
  "auth user add sys SYSTEM --defaults --credential sys.creds",
  "auth account add A --defaults --jetstream --js-disk 64MB --js-memory 16MB --js-disk-stream 64MB --js-memory-stream 16MB --js-streams 2 --js-consumers 3", // prettier-ignore
  "auth account add B --defaults",
];

const entries = [
  "auth account ls",
  "auth user add ann A --defaults --credential ann.creds",
  // Nobody knows the accounts yet.
  "--creds ann.creds rtt",
  `${sys} auth account query A`,
  `${sys} auth account push A`,
  `${sys} auth account push B`,
  `${sys} auth account push SYSTEM`,
  "--creds ann.creds account info",
  "--creds ann.creds stream add ONE --subjects one --defaults",
  "--creds ann.creds stream add TWO --subjects two --defaults",
  "--creds ann.creds stream add THREE --subjects three --defaults",
  `${sys} auth account query A pulled.jwt`,
  // Whoever is not of the system account pushes nothing.
  "--creds ann.creds auth account push A --timeout 1s",
  // What is pushed takes effect.
  "auth account edit A --js-streams 5 --connections 1",
  `${sys} auth account push A`,
  "--creds ann.creds stream add THREE --subjects three --defaults",
  "--creds ann.creds account info",
  "auth account exports add help help A --service",
  "auth account exports add news news.> A",
  "auth account imports add help help B --service --source {A} --local ask.A",
  "auth account imports add news news.> B --source {A} --local news.>",
  `${sys} auth account push A`,
  `${sys} auth account push B`,
  "auth user add bob B --defaults --credential bob.creds",
  { watch: "--creds ann.creds reply help 'help is here' --count 1", ready: /Listening/, meanwhile: ["--creds bob.creds req ask.A me"], until: /Exiting/ }, // prettier-ignore
  { watch: "--creds bob.creds sub news.> --count 1 --raw", ready: /^/, meanwhile: ["--creds ann.creds pub news.now fresh", "--creds ann.creds pub news.now fresh", "--creds ann.creds pub news.now fresh"], until: /fresh/ }, // prettier-ignore
  `${sys} server account info {A}`,
  `${sys} server report accounts`,
  // Scoped keys, limits of a user, mappings.
  "auth account keys add B reader --pub-allow only.{{name()}} --sub-allow only.> --subscriptions 10",
  "auth user add pam B --defaults --key reader --credential pam.creds",
  "auth account mappings add B first second 100",
  `${sys} auth account push B`,
  "--creds pam.creds account info",
  "--creds pam.creds pub only.pam yes",
  "--creds pam.creds pub only.bob no",
  "--creds bob.creds trace first",
  "auth user add tiny B --defaults --payload 4 --sub-deny secret --credential tiny.creds",
  "--creds tiny.creds account info",
  // Gone.
  "auth user rm pam B --revoke -f",
  `${sys} auth account push B`,
  "--creds pam.creds rtt",
  "server check credential --credential bob.creds",
  `${sys} server list`,
  `${sys} server request accounts`,
  `${sys} server request accounts --account {A}`,
];

/** @param {string} binary @param {string} label */
export function authCommands(binary, label) {
  const server = {};
  const prepare = async (session) => {
    const { known: keys } = session;
    for (const command of made) await session.must(command);
    const stores = path.join(session.home, "nats", "nsc", "stores", "OP");
    const read = (...names) => readFileSync(path.join(stores, ...names), "utf8").trim();
    const operator = read("OP.jwt");
    for (const name of ["SYSTEM", "A", "B"]) {
      const [, claims] = read("accounts", name, `${name}.jwt`).split(".");
      keys[name] = JSON.parse(Buffer.from(claims, "base64url").toString("utf8")).sub;
    }
    session.options.config = (dir) => `
server_name: host
operator: ${operator}
system_account: ${keys.SYSTEM}
resolver { type: full, dir: "${dir}/jwt", allow_delete: true }
resolver_preload { ${keys.SYSTEM}: ${read("accounts", "SYSTEM", "SYSTEM.jwt")} }
jetstream { store_dir: "${dir}/js", max_mem: 64MB, max_file: 256MB }
`;
  };
  return playScript({
    binary,
    label,
    about: "auth",
    file: "auth_commands.txt",
    entries,
    prepare,
    server,
    steady: ofKeys,
  });
}

function ofKeys(text, common) {
  return steady(text, common)
    .replaceAll(/\b[AOUX][A-Z2-7]{55}\b/g, "KEY")
    .replaceAll(/\beyJ[\w.-]+/g, "TOKEN");
}
