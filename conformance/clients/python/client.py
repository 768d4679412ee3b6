"""Checks a server with nats-py. Prints "pass NAME" or "fail NAME: why" a case.

client.py GROUP --url URL [--user U --password P] [--token T] [--nkey SEEDFILE] [--ca F] [--cert F --key F]

Groups: core, access, refused, permissions, tls, restart, streams, consumers. The restart group prints "restart", waits for a
line on stdin and goes on: whoever started it restarts the server in between.
"""

import argparse
import asyncio
import sys

import access
import consumers
import core
import streams

GROUPS = {
    "core": core.CASES,
    "access": [access.connects],
    "refused": [access.is_refused],
    "permissions": [access.violations_are_reported],
    "tls": [access.tls_carries_messages],
    "restart": [access.reconnects_after_a_restart],
    "streams": streams.CASES,
    "consumers": consumers.CASES,
}


def settings():
    parser = argparse.ArgumentParser()
    parser.add_argument("group", choices=GROUPS)
    for name in ("url", "user", "password", "token", "nkey", "ca", "cert", "key"):
        parser.add_argument(f"--{name}")
    return parser.parse_args()


async def main():
    asked = settings()
    failed = False
    for case in GROUPS[asked.group]:
        name = case.__name__.replace("_", " ")
        try:
            await asyncio.wait_for(case(asked), 20)
            print(f"pass {name}", flush=True)
        except Exception as error:
            failed = True
            print(f"fail {name}: {type(error).__name__}: {error}", flush=True)
    return 1 if failed else 0


sys.exit(asyncio.run(main()))
