// Pages over HTTP, with and without TLS: the monitoring listener.
//
// Whoever makes the pages is asked by path; a page is sent as it is made, one
// slice in each turn of the loop, and no faster than the peer reads. Each
// socket has a deadline at any time, and the number of sockets is bounded.

import type { IncomingMessage, ServerResponse } from "node:http";
import { Server as HttpServer } from "node:http";
import type { Socket } from "node:net";
import type { MakePage, Page } from "../base/page.ts";
import type { Listener, PeerAddress } from "../base/transport.ts";
import { cleanPath, targetOf } from "./http_target.ts";
import { listen, peerOf, type ListenOptions } from "./listen.ts";
import * as natives from "./natives.ts";
import type { TlsSettings } from "./tls_settings.ts";

/** For a request with its headers, from when the connection opened or the last answer was sent. */
const REQUEST_MS = 15_000;
/** A connection that asks for nothing more is closed after this. */
const IDLE_MS = 60_000;
/** For a peer to read what was written before more is made. */
const DRAIN_MS = 15_000;
/** A request with its headers may not be larger. */
const MOST_HEADER_BYTES = 64 * 1024;
/** Bodies are passed over; a longer one ends the connection. */
const MOST_BODY_BYTES = 256 * 1024;
const MOST_SOCKETS = 1000;

export interface HttpOptions extends ListenOptions {
  /** Undefined: clear text. Client certificates are not asked for. */
  readonly tls: TlsSettings | undefined;
  /** In front of every path: empty, or with a slash in front and none behind. */
  readonly basePath: string;
  readonly makePage: MakePage;
  /** Told of what `makePage` and its pages throw, which is a bug. */
  readonly onBug: (error: unknown) => void;
  readonly onHandshakeFailed?: (remote: PeerAddress, text: string) => void;
}

export interface HttpListener extends Listener {
  /** Connections from now on use these settings. */
  update(tls: TlsSettings): void;
}

/** Opens a port for HTTP. Rejects with a `ListenError`. */
export async function serveHttp(options: HttpOptions): Promise<HttpListener> {
  const { tls } = options;
  const parts = tls === undefined ? undefined : await import("./tls_engine.ts");
  const engineFor = (settings: TlsSettings): InstanceType<NonNullable<typeof parts>["TlsEngine"]> =>
    new parts!.TlsEngine({ ...settings, verify: false, pinnedCerts: undefined });
  let engine = tls === undefined ? undefined : engineFor(tls);
  const desk = new Desk(options);
  const listener = await listen(options, (raw) => {
    raw.on("error", () => {});
    const remote = peerOf(raw);
    if (remote === undefined || !desk.admit(raw)) {
      raw.destroy();
      return;
    }
    if (engine === undefined) {
      desk.seat(raw);
      return;
    }
    const { timeoutMs } = engine.settings;
    engine.handshake(raw, timeoutMs, (result) => {
      if (result.socket === undefined) {
        raw.destroy();
        options.onHandshakeFailed?.(remote, result.failed);
      } else desk.seat(result.socket);
    });
  });
  return {
    ...listener,
    close: () => {
      desk.close();
      return listener.close();
    },
    update: (settings) => {
      if (engine !== undefined) engine = engineFor(settings);
    },
  };
}

/** Where requests are read and answered. */
class Desk {
  readonly #options: HttpOptions;
  readonly #http: HttpServer;
  /** Raw sockets, TLS or not. */
  readonly #sockets = new Set<Socket>();
  readonly #deadlines = new Map<Socket, NodeJS.Timeout>();

  constructor(options: HttpOptions) {
    this.#options = options;
    this.#http = new HttpServer({ maxHeaderSize: MOST_HEADER_BYTES, keepAliveTimeout: 0 }); // never listens: sockets are put into it
    this.#http.on("request", (request, response) => this.#answer(request, response));
    this.#http.on("clientError", (error: NodeJS.ErrnoException, socket) => {
      const isLarge = error.code === "HPE_HEADER_OVERFLOW";
      this.#refuse(socket as Socket, isLarge ? "431 Request Header Fields Too Large" : "400 Bad Request");
    });
  }

  /** Counts a new connection; false when there are too many. */
  admit(raw: Socket): boolean {
    if (this.#sockets.size >= MOST_SOCKETS) return false;
    this.#sockets.add(raw);
    raw.on("close", () => this.#sockets.delete(raw));
    return true;
  }

  /** Reads requests from an admitted connection, or from TLS over it. */
  seat(socket: Socket): void {
    socket.on("error", () => {});
    socket.on("close", () => this.#disarm(socket));
    this.#arm(socket, REQUEST_MS);
    this.#http.emit("connection", socket);
    socket.resume();
  }

  close(): void {
    for (const socket of this.#sockets) socket.destroy();
  }

  #arm(socket: Socket, withinMs: number): void {
    this.#disarm(socket);
    this.#deadlines.set(socket, natives.setTimeout(() => socket.destroy(), withinMs)); // prettier-ignore
  }

  #disarm(socket: Socket): void {
    natives.clearTimeout(this.#deadlines.get(socket));
    this.#deadlines.delete(socket);
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#arm(socket, DRAIN_MS);
    passBody(request);
    response.on("finish", () => {
      if (!socket.destroyed) this.#arm(socket, IDLE_MS);
    });
    const target = targetOf(request.url ?? "/");
    if (target === undefined) {
      this.#refuse(socket, "400 Bad Request");
      return;
    }
    if (request.method === "OPTIONS" && target.path === "*") {
      response.setHeader("Content-Length", 0);
      response.end();
      return;
    }
    const path = cleanPath(target.path);
    if (path !== target.path) {
      redirect(request.method ?? "GET", response, path, target.query);
      return;
    }
    try {
      const page = this.#options.makePage(pathBelow(this.#options.basePath, path), target.query ?? "");
      this.#send(socket, page, response);
    } catch (error) {
      socket.destroy();
      this.#options.onBug(error);
    }
  }

  /** Sends a page: one of one slice with its length, a longer one in chunks. */
  #send(socket: Socket, { status, headers, body }: Page, response: ServerResponse): void {
    let held = "";
    response.statusCode = status;
    for (const [name, value] of headers) response.setHeader(name, value);
    const goOn = (): void => {
      if (socket.destroyed) return;
      try {
        const step = body.next();
        if (step.done === true) {
          if (!response.headersSent) response.setHeader("Content-Length", Buffer.byteLength(held));
          response.end(held);
          return;
        }
        const isFree = held === "" || response.write(held);
        held = step.value;
        this.#arm(socket, DRAIN_MS);
        if (isFree) natives.setImmediate(goOn);
        // Also where the system took all at once, and says so within this turn.
        else response.once("drain", () => natives.setImmediate(goOn));
      } catch (error) {
        socket.destroy();
        this.#options.onBug(error);
      }
    };
    goOn();
  }

  #refuse(socket: Socket, status: string): void {
    if (!socket.writable) {
      socket.destroy();
      return;
    }
    this.#arm(socket, 1000);
    socket.end(`HTTP/1.1 ${status}\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n${status}`);
  }
}

/** A path without the base in front; one that is not below it becomes "", which no page has. */
function pathBelow(base: string, path: string): string {
  if (path === base) return "/";
  if (base === "" || !path.startsWith(`${base}/`)) return base === "" ? path : "";
  const below = path.slice(base.length);
  return below === "/" ? "" : below;
}

function passBody(request: IncomingMessage): void {
  let length = 0;
  request.on("data", (chunk: Buffer) => {
    length += chunk.length;
    if (length > MOST_BODY_BYTES) request.socket.destroy();
  });
}

function redirect(method: string, response: ServerResponse, path: string, query: string | undefined): void {
  const location =
    encodeURI(path).replaceAll("?", "%3F").replaceAll("#", "%23") + (query === undefined ? "" : `?${query}`);
  response.statusCode = 307;
  response.setHeader("Location", location);
  const shows = method === "GET" || method === "HEAD";
  if (shows) response.setHeader("Content-Type", "text/html; charset=utf-8");
  const body = `<a href="${location.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`)}">Temporary Redirect</a>.\n\n`;
  response.setHeader("Content-Length", shows ? Buffer.byteLength(body) : 0);
  response.end(shows ? body : "");
}
