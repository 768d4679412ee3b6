// A running server: the core, its listeners and its end.
//
// Owns every handle it opens: after `stop` none is left. It installs no signal
// or process-wide handler and never ends the process; the command does that
// (command.ts). A bug ends this server and rejects `closed`.

import { openAuthenticator, type ReloadableAuthenticator } from "../auth/authenticator.ts";
import { createServerKeys, type ServerKeys } from "../auth/nkey.ts";
import type { Log } from "../base/log.ts";
import { silentLog } from "../base/log.ts";
import type { Listener } from "../base/transport.ts";
import type { World } from "../base/world.ts";
import { fromObject, type ObjectOptions } from "../config/object.ts";
import type { Loaded } from "../config/load.ts";
import { ConfigError } from "../config/problems.ts";
import type { ServerOptions } from "../config/options.ts";
import { openPasswordHasher, type PasswordHasher } from "../io/bcrypt.ts";
import { systemSource } from "../io/files.ts";
import { openPipe, type PipeClient } from "../io/pipe.ts";
import { openWorld } from "../io/world.ts";
import { Core } from "./core.ts";
import { guardAccept, guardWorld } from "./guard.ts";
import { LameDuck } from "./lame_duck.ts";
import type { Operators } from "./operators.ts";
import {
  advertiseClients,
  type ClientDoor,
  type Door,
  hostPort,
  listenForClients,
  listenForWebSockets,
  openMonitor,
} from "./listeners.ts";
import { asksForLog, openLogOf } from "./log_of.ts";
import type { RunningJetStream } from "./jetstream.ts";
import { IN_MEMORY } from "./jetstream_names.ts";
import { roundTrip } from "./round_trip.ts";
import type { ReloadFiles, Retrusted, TlsOfDoors } from "./reload.ts";
import { Views } from "./views.ts";

/** How long `stop` waits for connections to take their last bytes. */
const STOP_MS = 2000;

/** What a server is opened with besides its options. */
export interface ServerSurroundings {
  readonly log: Log;
  /** For /varz: when the configuration was read, and its digest. */
  readonly configDigest?: string;
  /** Called when the server has ended and says nothing more. */
  readonly closeLog?: () => Promise<void> | undefined;
  /** Called with the core before the listeners open, so that the command can write its banner. */
  readonly onCore?: (core: Core) => void;
  /** Reads the configuration anew, when somebody asks for it by message. `done` with what is wrong with it. */
  readonly reload?: (done: (failed: string | undefined) => void) => void;
  /** Where streams are kept when no directory is given: the command takes a temporary one. */
  readonly withoutDir?: "temporary";
}

export class Server {
  readonly #core: Core;
  readonly #log: Log;
  readonly #closeLog: (() => Promise<void> | undefined) | undefined;
  readonly #world: World;
  readonly #hasher: PasswordHasher;
  readonly #keys: ServerKeys;
  #client: ClientDoor | undefined = undefined;
  #websocket: Door | undefined = undefined;
  #monitors: readonly Door[] = [];
  #jetstream: RunningJetStream | undefined = undefined;
  #jetstreamEnd: Promise<void> | undefined = undefined;
  #operators: Operators | undefined = undefined;
  readonly #withoutDir: "temporary" | typeof IN_MEMORY;
  readonly #views: Views;
  #lameDuck: LameDuck | undefined = undefined;
  #stopping: Promise<void> | undefined = undefined;
  #reloading: Promise<unknown> = Promise.resolve();
  readonly #closed: Promise<void>;
  #resolveClosed: () => void = () => {};
  #rejectClosed: (error: unknown) => void = () => {};

  private constructor(options: ServerOptions, surroundings: ServerSurroundings) {
    this.#closed = new Promise<void>((resolve, reject) => {
      this.#resolveClosed = resolve;
      this.#rejectClosed = reject;
    });
    // Whoever does not ask is not punished with an unhandled rejection.
    this.#closed.catch(() => {});
    this.#log = surroundings.log;
    this.#closeLog = surroundings.closeLog;
    this.#withoutDir = surroundings.withoutDir ?? IN_MEMORY;
    this.#world = guardWorld(openWorld(), this.#onBug);
    this.#hasher = openPasswordHasher();
    const keys = createServerKeys((count) => this.#world.randomBytes(count));
    this.#keys = keys;
    this.#core = new Core(
      options,
      { id: keys.id, name: options.server_name ?? keys.id, xkey: keys.xkey },
      this.#world,
      this.#log,
      openAuthenticator(options, this.#hasher, this.#world),
      surroundings.configDigest ?? "",
    );
    this.#core.reload = surroundings.reload;
    this.#views = new Views(this.#core);
    surroundings.onCore?.(this.#core);
  }

  /**
   * Starts a server inside this process and resolves once it has answered a
   * PING. The options are those of the configuration file; `port` 0 or −1 and
   * no `host` mean a free port of 127.0.0.1. Silent unless a log option is given. Rejects when
   * an option is wrong or a port is taken.
   */
  static async start(options: ObjectOptions = {}): Promise<Server> {
    const loaded = fromObject(options, systemSource);
    // The command warns of these; here nobody would hear it.
    if (loaded.notices.length > 0) throw new ConfigError(loaded.notices.join("\n"));
    const { options: resolved } = loaded;
    for (const name of ["pid_file", "ports_file_dir"] as const) {
      if ((resolved[name] ?? "") !== "") throw new ConfigError(`options: only the command writes a file for "${name}"`);
    }
    const log = asksForLog(resolved) ? await openLogOf(resolved) : undefined;
    const server = await Server.open(resolved, { log: log ?? silentLog, closeLog: () => log?.close() });
    try {
      await roundTrip(server);
      // It must not count as a client any more.
      await new Promise<void>((resolve) => server.#core.whenGone(resolve));
      server.#core.forgetFirstConnection();
      return server;
    } catch (error) {
      await server.stop();
      throw error;
    }
  }

  /**
   * @internal
   * Opens the listeners of resolved options. Rejects with the first that cannot be opened; nothing stays open then.
   */
  static async open(options: ServerOptions, surroundings: ServerSurroundings): Promise<Server> {
    const isTrusting = wantsOperators(options);
    const trusted = isTrusting ? (await import("./trusted.ts")).readTrust(options) : undefined;
    const server = new Server(trusted?.options ?? options, surroundings);
    try {
      if (trusted !== undefined) {
        const operators = await import("./operators.ts");
        server.#operators = await operators.Operators.open(trusted, server.#world, server.#log);
        await server.#operators.attach(server.#core, server.#keys);
      } else if (options.authorization.auth_callout !== undefined) {
        server.#core.authenticator = await server.#authenticatorOf(options);
      }
      // Monitoring answers while streams are restored, as in nats-server.
      server.#monitors = await openMonitor(server.#core, server.#views, server.#onBug);
      await server.#openSystem();
      await server.#openJetStream();
      await server.#openListeners();
      return server;
    } catch (error) {
      // It never ran: the log says only why.
      server.#stopping = server.#close();
      await server.#stopping;
      throw error;
    }
  }

  /** The client URL, e.g. "nats://127.0.0.1:4222"; "tls://…" where TLS is demanded. */
  get url(): string {
    const tls = this.#core.client?.tlsRequired === true;
    return `${tls ? "tls" : "nats"}://${hostPort(this.#shownHost(this.#client), this.port)}`;
  }
  /** The port for clients. */
  get port(): number {
    return this.#client?.port ?? 0;
  }
  /** The WebSocket URL; undefined without that listener. */
  get websocketUrl(): string | undefined {
    if (this.#websocket === undefined) return undefined;
    const scheme = this.#core.websocket?.tlsRequired === true ? "wss" : "ws";
    return `${scheme}://${hostPort(this.#shownHost(this.#websocket), this.#websocket.port)}`;
  }
  /** The monitoring URL; undefined without that listener. */
  get monitorUrl(): string | undefined {
    const monitor = this.#monitors[0];
    if (monitor === undefined) return undefined;
    const scheme = this.#core.options.https_port !== 0 ? "https" : "http";
    return `${scheme}://${hostPort(this.#shownHost(monitor), monitor.port)}`;
  }
  /** The server's public key: `server_id` in INFO. */
  get id(): string {
    return this.#core.identity.id;
  }
  /** Settles when the server has ended: resolves after `stop`, rejects with the bug that ended it. */
  get closed(): Promise<void> {
    return this.#closed;
  }
  get isLameDuck(): boolean {
    return this.#lameDuck !== undefined;
  }
  /** @internal Open listeners, for the ports file. */
  get listeners(): {
    readonly client: Listener | undefined;
    readonly websocket: Listener | undefined;
    readonly monitors: readonly Listener[];
    readonly core: Core;
  } {
    return { client: this.#client, websocket: this.#websocket, monitors: this.#monitors, core: this.#core };
  }

  /** A connection without a socket. Throws once the server is stopping. */
  connectInProcess(): PipeClient {
    if (this.#stopping !== undefined) throw new Error("the server has stopped");
    return openPipe(guardAccept((transport) => this.#core.accept(transport), this.#onBug));
  }

  /** Lame duck mode: no new clients, those that exist are sent away over time, then the server stops. */
  lameDuck(): void {
    if (this.#lameDuck !== undefined || this.#stopping !== undefined) return;
    this.#log.notice("Entering lame duck mode, stop accepting new clients");
    this.#core.isClosing = true;
    this.#core.system?.onLameDuck();
    const lameDuck = new LameDuck(this.#core, () => void this.stop());
    this.#lameDuck = lameDuck;
    void this.#closeDoors()
      .then(() => this.#endJetStream())
      .then(() => {
        if (this.#stopping === undefined) lameDuck.start();
      });
  }

  /**
   * @internal
   * Takes other options over while it runs; resolves with what is in the way, and then nothing has changed. One at a time.
   */
  reload(loaded: Loaded, files: ReloadFiles): Promise<string | undefined> {
    const next = this.#reloading.then(async () => {
      if (this.#stopping !== undefined) return "the server is stopping";
      const { reload } = await import("./reload.ts");
      return reload(
        {
          ...files,
          core: this.#core,
          trustOf: (options) => this.#trustOf(options),
          port: this.port,
          loadTls: () => this.#client?.load(),
          replaceTls: (tls) => this.#replaceTls(tls),
          authenticatorOf: (options) => this.#authenticatorOf(options),
          changeJetStream: (before, after) => this.#changeJetStream(before, after),
        },
        loaded,
      );
    });
    this.#reloading = next.catch(this.#onBug);
    return next;
  }

  async #changeJetStream(before: ServerOptions, after: ServerOptions): Promise<void> {
    if (after.jetstream === undefined) {
      await this.#endJetStream();
      this.#jetstream = undefined;
      this.#jetstreamEnd = undefined;
      return;
    }
    if (this.#jetstream === undefined) {
      try {
        await this.#openJetStream();
      } catch (error) {
        this.#log.warn(`Can't start JetStream: ${(error as Error).message}`);
      }
      return;
    }
    const { max_memory_store: memory, max_file_store: file } = after.jetstream;
    if (memory !== before.jetstream?.max_memory_store) this.#jetstream.setMost("memory", memory!);
    if (file !== before.jetstream?.max_file_store) this.#jetstream.setMost("file", file!);
    const { jetStreamAccounts } = await import("./jetstream_setup.ts");
    await this.#jetstream.setAccounts(jetStreamAccounts(after));
  }

  #replaceTls({ client, websocket }: TlsOfDoors): void {
    if (this.#client !== undefined) advertiseClients(this.#core, this.#client.port, client);
    this.#client?.use(client);
    if (client !== undefined) for (const door of this.#monitors) door.update?.(client);
    if (websocket !== undefined) this.#websocket?.update?.(websocket);
  }

  /** Closes every connection and listener. Resolves when nothing is left; calling it again waits for the same end. */
  stop(): Promise<void> {
    this.#stopping ??= this.#stop();
    return this.#stopping;
  }
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  async #stop(): Promise<void> {
    this.#log.notice("Initiating Shutdown...");
    await this.#close();
    this.#log.notice("Server Exiting..");
    await this.#closeLog?.();
    this.#resolveClosed();
  }

  async #close(): Promise<void> {
    this.#core.isClosing = true;
    this.#lameDuck?.stop();
    this.#core.system?.shutdown();
    const doors = this.#closeDoors();
    this.#operators?.onStorage(undefined);
    await this.#endJetStream();
    this.#core.closeAll();
    await Promise.all([doors, this.#allGone(), ...this.#monitors.map((monitor) => monitor.close())]);
    await this.#operators?.close();
    await this.#hasher.close();
  }

  async #closeDoors(): Promise<void> {
    await Promise.all([this.#client?.close(), this.#websocket?.close()]);
  }

  /** Resolves once every transport is gone; those that take too long are destroyed. */
  #allGone(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#world.after(STOP_MS, () => {
        this.#core.destroyAll();
        resolve();
      });
      this.#core.whenGone(() => {
        timer.cancel();
        resolve();
      });
    });
  }

  /** Whom these options trust. Rejects with why they cannot be. */
  async #trustOf(options: ServerOptions): Promise<Retrusted> {
    const operators = this.#operators;
    // Without operators there are none after a reload, either: that needs a restart.
    const nobody = { options, prepare: () => Promise.resolve(() => {}) };
    if (operators === undefined) return nobody;
    if (!wantsOperators(options)) return nobody;
    const { readTrust } = await import("./trusted.ts");
    const trusted = readTrust(options);
    return { options: trusted.options, prepare: () => operators.reload(trusted) };
  }

  /** Who may connect by these options; tokens decide, or a service, where they say so. */
  async #authenticatorOf(options: ServerOptions): Promise<ReloadableAuthenticator> {
    if (this.#operators !== undefined) return this.#core.authenticator;
    const inner = openAuthenticator(options, this.#hasher, this.#world);
    const { auth_callout: callout } = options.authorization;
    if (callout === undefined) return inner;
    const { withCallout } = await import("./callout.ts");
    return withCallout(this.#core, this.#keys, inner, callout);
  }

  async #openSystem(): Promise<void> {
    if (this.#core.systemAccount === undefined) return;
    const { openSystem } = await import("./system.ts");
    openSystem(this.#core, this.#views, this.#operators?.keeper());
  }

  async #openJetStream(): Promise<void> {
    const { jetstream } = this.#core.options;
    if (jetstream === undefined) return;
    const { openJetStream } = await import("./jetstream.ts");
    const operators = this.#operators;
    this.#jetstream = await openJetStream(this.#core, jetstream, this.#withoutDir, this.#onBug, operators);
    const running = this.#jetstream;
    operators?.onStorage(() => void running.setAccounts(operators.storage()).catch(this.#onBug));
  }

  /** Lame duck mode ends it before the clients go; it ends once. */
  #endJetStream(): Promise<void> {
    this.#jetstreamEnd ??= this.#jetstream?.close() ?? Promise.resolve();
    return this.#jetstreamEnd;
  }

  async #openListeners(): Promise<void> {
    const accept = guardAccept((transport) => this.#core.accept(transport), this.#onBug);
    this.#websocket = await listenForWebSockets(this.#core, accept);
    this.#client = await listenForClients(this.#core, accept);
    this.#log.notice("Server is ready");
  }

  #shownHost(listener: Listener | undefined): string {
    const host = listener?.host ?? "";
    return host === "" || host === "0.0.0.0" || host === "::" || host === "[::]" ? "127.0.0.1" : host;
  }

  readonly #onBug = (error: unknown): void => {
    this.#rejectClosed(error);
    void this.stop();
  };
}

/** Whether the options ask for operator mode. */
function wantsOperators({ operator, trusted_keys }: ServerOptions): boolean {
  return operator.length > 0 || trusted_keys.length > 0;
}
