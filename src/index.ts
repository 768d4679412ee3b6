// The package's public face: a server that runs inside your process.

export type { EmbedOptions } from "./config/embed.ts";
export type { PipeClient } from "./io/pipe.ts";
export { Server } from "./server/server.ts";
