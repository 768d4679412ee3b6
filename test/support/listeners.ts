// Listeners of one kind, as the server's own door is of both: a port, and what its sockets become.

import type { Accept, Listener } from "../../src/base/transport.ts";
import { listen, type ListenOptions } from "../../src/io/listen.ts";
import { acceptTcp, type TcpReading } from "../../src/io/tcp.ts";
import { TlsGate, type TlsGateOptions } from "../../src/io/tls.ts";
import type { TlsSettings } from "../../src/io/tls_settings.ts";

export interface TcpOptions extends ListenOptions {
  readonly accept: Accept;
  readonly reading?: TcpReading;
}

export interface TlsOptions extends ListenOptions, TlsGateOptions {
  readonly tls: TlsSettings;
}

export interface TlsListener extends Listener {
  /** Connections from now on use these settings. */
  update(tls: TlsSettings): void;
}

/** Opens a port for plain TCP. Rejects with a `ListenError`. */
export function listenTcp(options: TcpOptions): Promise<Listener> {
  return listen(options, (accepted) => acceptTcp(accepted, options.accept, options.reading));
}

/** Opens a port for clients that speak TLS, or may. Rejects with a `ListenError`. */
export async function listenTls(options: TlsOptions): Promise<TlsListener> {
  const gate = new TlsGate(options.tls, options);
  const listener = await listen(options, (raw) => gate.admit(raw));
  return {
    ...listener,
    close: () => {
      gate.close();
      return listener.close();
    },
    update: (tls) => gate.update(tls),
  };
}
