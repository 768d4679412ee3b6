// What `nats object …` prints, compared with what it printed against nats-server.

import { playScript } from "./script.mjs";

/** Bytes of the files that are put, which are in the directory the commands run in. */
const files = { "small.txt": 5, "chunks.bin": 300_000, "empty.txt": 0 };

const entries = [
  "object ls",
  "object add myobjbucket",
  "object add FULL --ttl 1h --replicas 1 --max-bucket-size 1MiB --description 'all of it' --storage memory --metadata a:b --compress",
  "object add BAD --replicas 3",
  "object add bad.name",
  "object ls",
  "object ls --names",
  "object info myobjbucket",
  "object info FULL",
  "object info NOSUCH",
  "object put myobjbucket small.txt --no-progress",
  "object put myobjbucket chunks.bin --no-progress --description chunks -H A:b --chunk-size 65536",
  "object put myobjbucket empty.txt --no-progress",
  "object put myobjbucket small.txt --name other --no-progress",
  "object put myobjbucket nosuch.txt --no-progress",
  "object put NOSUCH small.txt --no-progress",
  "object put FULL small.txt --no-progress",
  "object ls myobjbucket",
  "object info myobjbucket chunks.bin",
  "object info myobjbucket small.txt",
  "object info myobjbucket nosuch",
  "object get myobjbucket chunks.bin -O got.bin --no-progress",
  "object get myobjbucket empty.txt -O got.txt --no-progress",
  "object get myobjbucket nosuch --no-progress",
  "object put myobjbucket small.txt --name chunks.bin -f --no-progress",
  "object get myobjbucket chunks.bin -O got.txt -f --no-progress",
  "stream info OBJ_myobjbucket",
  { watch: "object watch myobjbucket", ready: /chunks\.bin/, meanwhile: ["object put myobjbucket small.txt --name watched --no-progress", "object del myobjbucket watched -f"], until: /DEL[^\n]*watched/ }, // prettier-ignore
  "object info myobjbucket watched",
  "object del myobjbucket nosuch -f",
  "object edit FULL --description edited --ttl 2h",
  "object info FULL",
  "object info myobjbucket",
  "object seal myobjbucket -f",
  "object put myobjbucket small.txt --name late --no-progress",
  "object del myobjbucket small.txt -f",
  "object get myobjbucket other -O sealed.txt --no-progress",
  "object info myobjbucket",
  "object del myobjbucket -f",
  "object del FULL -f",
  "object del FULL -f",
  "object ls",
];

/** @param {string} binary @param {string} label */
export function objectCommands(binary, label) {
  return playScript({ binary, label, about: "object", file: "object_commands.txt", entries, files });
}
