// The log that the options ask for.

import type { ServerOptions } from "../config/options.ts";
import type { LogSink } from "../io/log_line.ts";
import type { LogSettings, ServerLog } from "../io/log_server.ts";

/** Opens it: file, syslog or stderr. Rejects with nats-server's text. */
export async function openLogOf(options: ServerOptions): Promise<ServerLog> {
  const { openServerLog } = await import("../io/log_server.ts");
  return openServerLog(settingsOf(options));
}

/** Opens where it goes, for a log that runs already. Rejects with nats-server's text. */
export async function openSinkOf(options: ServerOptions): Promise<LogSink> {
  const { openSink } = await import("../io/log_server.ts");
  return openSink(settingsOf(options));
}

function settingsOf(options: ServerOptions): LogSettings {
  return {
    debug: options.debug,
    trace: options.trace,
    logtime: options.logtime,
    logtimeUtc: options.logtime_utc,
    file: options.log_file,
    fileSizeLimit: options.logfile_size_limit,
    fileMaxNum: options.logfile_max_num,
    syslog: options.syslog,
    remoteSyslog: options.remote_syslog,
  };
}

/** Whether an embedded server is to say anything: it was told where, or how much. */
export function asksForLog({ log_file, syslog, remote_syslog, debug, trace }: ServerOptions): boolean {
  const where = (log_file ?? "") !== "" || syslog || (remote_syslog ?? "") !== "";
  return where || debug || trace;
}
