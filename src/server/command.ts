// The command: decides what the command line asks for. Everything but running
// a server is done here, without loading one.

import { parseFlags, usage, type Action } from "../config/flags.ts";
import type { Signals } from "../io/signals.ts";
import { complain, PROGRAM } from "./complain.ts";
import { NATS_VERSION } from "./version.ts";

/** Does what `args` ask for; sets the exit code, or leaves a server running. */
export async function runCommand(args: readonly string[], signals: Signals): Promise<void> {
  const action = parseFlags(args);
  if (action.kind === "run") {
    const { runServer } = await import("./command_run.ts");
    await runServer(action, signals);
    return;
  }
  signals.release();
  try {
    await answer(action);
  } catch (error) {
    complain(error);
  }
}

async function answer(action: Exclude<Action, { kind: "run" }>): Promise<void> {
  switch (action.kind) {
    case "version":
      process.stdout.write(`${PROGRAM}: v${NATS_VERSION}\n`);
      return;
    case "help":
      process.stdout.write(usage(PROGRAM));
      return;
    case "helpTls":
      process.stdout.write(tlsHelp);
      return;
    case "usage":
      process.stderr.write(`${action.error}\n`);
      process.stdout.write(usage(PROGRAM));
      return;
    case "error":
      throw new Error(action.error);
    case "signal": {
      const { sendSignal } = await import("../io/signals.ts");
      sendSignal(action.command, action.target);
      return;
    }
    case "checkConfig": {
      const [{ checkFile }, { systemSource }] = [await import("../config/load.ts"), await import("../io/files.ts")];
      process.stderr.write(`${PROGRAM}: ${checkFile(action.configFile, systemSource)}\n`);
    }
  }
}

const tlsHelp = `TLS in the configuration file:

    tls {
      cert_file: "server.pem"   certificate of the server and its chain
      key_file:  "key.pem"      its private key
      ca_file:   "ca.pem"       authorities that clients' certificates are checked against
      verify:    true           every client must show a certificate
      timeout:   "2s"           time for the handshake
    }

On the command line: --tls --tlscert server.pem --tlskey key.pem, and
--tlsverify --tlscacert ca.pem to demand certificates of clients.

Further options of the block: verify_and_map, pinned_certs, min_version,
cipher_suites, curve_preferences, handshake_first, certs. docs/options.md has them all.
`;
