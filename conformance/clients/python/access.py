"""Who may connect, what they may do, and coming back after the server was gone."""

import asyncio
import sys

from link import connect, connected


async def connects(asked):
    async with connected(asked) as nc:
        await nc.flush(timeout=2)


async def is_refused(asked):
    try:
        nc = await connect(asked)
    except Exception:
        return
    # The client takes an end of the connection without a reason for a yes; nothing may pass through, though.
    try:
        await nc.flush(timeout=2)
    except Exception:
        return
    finally:
        await nc.close()
    raise AssertionError("the connection was accepted")


async def violations_are_reported(asked):
    reported = asyncio.Queue()

    async def report(error):
        await reported.put(str(error).lower())

    async with connected(asked, error_cb=report) as nc:
        await nc.publish("no.publish", b"")
        error = await asyncio.wait_for(reported.get(), 2)
        assert 'permissions violation for publish to "no.publish"' in error, error
        await nc.subscribe("no.subscribe")
        error = await asyncio.wait_for(reported.get(), 2)
        assert 'permissions violation for subscription to "no.subscribe"' in error, error
        sub = await nc.subscribe("ok.>")
        await nc.publish("ok.fine", b"x")
        await sub.next_msg(timeout=2)


async def tls_carries_messages(asked):
    async with connected(asked) as nc:
        sub = await nc.subscribe("py.tls")
        await nc.publish("py.tls", b"x" * 200000)
        assert len((await sub.next_msg(timeout=2)).data) == 200000


async def reconnects_after_a_restart(asked):
    again = asyncio.Event()

    async def on_reconnect():
        again.set()

    options = {"allow_reconnect": True, "max_reconnect_attempts": -1, "reconnect_time_wait": 0.05}
    async with connected(asked, reconnected_cb=on_reconnect, **options) as nc:
        sub = await nc.subscribe("py.again")
        await nc.flush()
        print("restart", flush=True)
        await asyncio.get_running_loop().run_in_executor(None, sys.stdin.readline)
        await asyncio.wait_for(again.wait(), 8)
        await nc.publish("py.again", b"x")
        await sub.next_msg(timeout=2)
