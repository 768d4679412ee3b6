// The package's public face: a server that runs inside your process.

export { ConfigError } from "./config/problems.ts";
export type { ObjectOptions as ServerOptions, ObjectValue } from "./config/object.ts";
export type { PipeClient } from "./io/pipe.ts";
export { Server } from "./server/server.ts";
