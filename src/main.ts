// The executable. Signals are ours before anything else is loaded.

import { Signals } from "./io/signals.ts";

const signals = new Signals();
void import("./server/command.ts").then(({ runCommand }) => runCommand(process.argv.slice(2), signals));
