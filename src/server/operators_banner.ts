// What the log says at the start of whom the server trusts. Tools parse these lines, so they are nats-server's.

import type { OperatorClaims } from "../auth/jwt/operator_claims.ts";
import type { Log } from "../base/log.ts";

/** Says whom the server trusts. */
export function logOperators(operators: readonly OperatorClaims[], log: Log): void {
  if (operators.length === 0) return;
  log.notice("Trusted Operators");
  for (const { name, iat, exp, nats } of operators) {
    log.notice(`  System  : ${JSON.stringify(nats.system_account)}`);
    log.notice(`  Operator: ${JSON.stringify(name)}`);
    log.notice(`  Issued  : ${goTime(iat)}`);
    log.notice(`  Expires : ${exp === 0 ? "Never" : goTime(exp)}`);
  }
}

/** As Go prints a time of the local zone. */
function goTime(sec: number): string {
  const date = new Date(sec * 1000);
  const two = (number: number): string => String(number).padStart(2, "0");
  const offset = -date.getTimezoneOffset();
  const zone = /\(([^)]+)\)/.exec(date.toString())?.[1] ?? "";
  const name = offset === 0 ? "UTC" : zone.replaceAll(/[^A-Z]/g, "");
  const sign = offset < 0 ? "-" : "+";
  const away = Math.abs(offset);
  return (
    `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())} ` +
    `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())} ` +
    `${sign}${two(Math.floor(away / 60))}${two(away % 60)} ${name}`
  );
}
