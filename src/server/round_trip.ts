// One CONNECT, PING and PONG through a pipe: a server that says it is ready has
// answered once.

import type { Server } from "./server.ts";

const LIMIT_MS = 5000;

/** Resolves when the server answers; rejects when it does not. */
export async function roundTrip(server: Server): Promise<void> {
  const pipe = server.connectInProcess();
  let timer: NodeJS.Timeout | undefined;
  try {
    await new Promise<void>((resolve, reject) => {
      let text = "";
      timer = setTimeout(() => reject(new Error("the server does not answer")), LIMIT_MS);
      pipe.onData = (bytes) => {
        const isInfo = text === "";
        text += Buffer.from(bytes).toString("latin1");
        // With users INFO alone has to do: this connection has no credentials. A refusal is an answer too.
        if (/"auth_required":true|\r\n(?:PONG|-ERR '.*')\r\n/.test(text)) resolve();
        else if (isInfo)
          pipe.write(Buffer.from('CONNECT {"verbose":false,"pedantic":false,"name":"self check"}\r\nPING\r\n'));
      };
      pipe.onClose = () => reject(new Error("the server closed its first connection"));
    });
  } finally {
    clearTimeout(timer);
    pipe.onClose = undefined;
    pipe.close();
  }
}
