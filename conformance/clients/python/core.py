"""Messages: publish, subscribe, headers, queue groups, requests, drain, services."""

import asyncio
import time

import nats.errors
from nats.micro import ServiceConfig, add_service

from link import connected


async def passed(nc):
    """Waits until the server has all that `nc` sent; flush() does not, its PING overtakes what is buffered."""
    try:
        await nc.request(nc.new_inbox(), b"", timeout=5)
    except nats.errors.NoRespondersError:
        pass


async def publish_reaches_subscribe_in_order(asked):
    async with connected(asked) as a, connected(asked) as b:
        sub = await a.subscribe("py.orders.*")
        await passed(a)
        for n in range(2000):
            await b.publish("py.orders.new", str(n).encode())
        await passed(b)
        for n in range(2000):
            msg = await sub.next_msg(timeout=2)
            assert msg.data == str(n).encode(), f"message {n} is {msg.data!r}"
            assert msg.subject == "py.orders.new"


async def payloads_of_every_size_arrive_whole(asked):
    async with connected(asked) as a, connected(asked) as b:
        sub = await a.subscribe("py.size")
        await passed(a)
        for size in (0, 1, 511, 512, 4096, 65535, 65536, 300000, 1 << 20):
            payload = bytes(n * 7 & 255 for n in range(size))
            await b.publish("py.size", payload)
            msg = await sub.next_msg(timeout=3)
            assert msg.data == payload, f"{size} bytes arrived changed"


async def headers_arrive_as_sent(asked):
    async with connected(asked) as nc:
        sub = await nc.subscribe("py.headers")
        await nc.publish("py.headers", b"body", headers={"Color": "red", "X-Id": "7"})
        msg = await sub.next_msg(timeout=2)
        assert dict(msg.headers) == {"Color": "red", "X-Id": "7"}, msg.headers
        assert msg.data == b"body"


async def a_queue_group_gets_each_message_once(asked):
    async with connected(asked) as a, connected(asked) as b:
        got = ([], [], [])

        def into(index):
            async def handle(msg):
                got[index].append(msg.data)

            return handle

        for index, nc in enumerate((a, b, a)):
            await nc.subscribe("py.jobs", queue="workers", cb=into(index))
        await passed(a)
        await passed(b)
        for n in range(300):
            await a.publish("py.jobs", str(n).encode())
        await passed(a)
        until = time.monotonic() + 3
        while sum(map(len, got)) < 300 and time.monotonic() < until:
            await asyncio.sleep(0.01)
        assert sum(map(len, got)) == 300 and len(set(got[0] + got[1] + got[2])) == 300, list(map(len, got))
        assert min(map(len, got)) > 30, list(map(len, got))


async def requests_are_answered(asked):
    async with connected(asked) as a, connected(asked) as b:

        async def echo(msg):
            await msg.respond(msg.data)

        await a.subscribe("py.echo", cb=echo)
        await passed(a)
        for n in range(200):
            reply = await b.request("py.echo", str(n).encode(), timeout=2)
            assert reply.data == str(n).encode()
        reply = await b.request("py.echo", b"old", timeout=2, old_style=True)
        assert reply.data == b"old"


async def a_request_nobody_can_answer_fails_at_once(asked):
    async with connected(asked) as nc:
        started = time.monotonic()
        try:
            await nc.request("py.nobody", b"", timeout=5)
        except nats.errors.NoRespondersError:
            assert time.monotonic() - started < 1
            return
        raise AssertionError("the request was answered")


async def auto_unsubscribe_ends_after_the_count(asked):
    async with connected(asked) as nc:
        got = []

        async def handle(msg):
            got.append(msg.data)

        sub = await nc.subscribe("py.few", cb=handle)
        await sub.unsubscribe(limit=1)
        for body in (b"1", b"2"):
            await nc.publish("py.few", body)
        await passed(nc)
        await asyncio.sleep(0.05)
        assert got == [b"1"], got


async def no_echo_keeps_own_messages_away(asked):
    async with connected(asked, no_echo=True) as quiet, connected(asked) as other:
        sub = await quiet.subscribe("py.bus")
        await passed(quiet)
        await quiet.publish("py.bus", b"mine")
        await passed(quiet)
        await other.publish("py.bus", b"yours")
        await passed(other)
        assert (await sub.next_msg(timeout=2)).data == b"yours"


async def drain_delivers_what_is_in_flight(asked):
    async with connected(asked) as a, connected(asked) as b:
        got = []

        async def handle(msg):
            await asyncio.sleep(0.001)
            got.append(msg.data)

        await a.subscribe("py.flow", cb=handle)
        await passed(a)
        for n in range(100):
            await b.publish("py.flow", str(n).encode())
        await passed(b)
        await a.drain()
        assert len(got) == 100, len(got)
        assert a.is_closed


async def services_answer_ping_info_and_stats(asked):
    async with connected(asked) as a, connected(asked) as b:
        async with await add_service(a, ServiceConfig(name="PyEcho", version="1.0.0")) as service:

            async def echo(request):
                await request.respond(request.data)

            await service.add_endpoint(name="echo", subject="py.svc.echo", handler=echo)
            await passed(a)
            for _ in range(5):
                assert (await b.request("py.svc.echo", b"x", timeout=2)).data == b"x"
            for verb in ("PING", "INFO", "STATS"):
                for tail in ("", ".PyEcho", f".PyEcho.{service.id}"):
                    reply = await b.request(f"$SRV.{verb}{tail}", b"", timeout=2)
                    assert b'"PyEcho"' in reply.data, reply.data


async def server_information(asked):
    async with connected(asked, name="observer") as nc:
        assert "v2.14." in str(nc.connected_server_version), nc.connected_server_version
        assert nc.max_payload == 1 << 20
        assert nc.client_id > 0


CASES = [
    publish_reaches_subscribe_in_order,
    payloads_of_every_size_arrive_whole,
    headers_arrive_as_sent,
    a_queue_group_gets_each_message_once,
    requests_are_answered,
    a_request_nobody_can_answer_fails_at_once,
    auto_unsubscribe_ends_after_the_count,
    no_echo_keeps_own_messages_away,
    drain_delivers_what_is_in_flight,
    services_answer_ping_info_and_stats,
    server_information,
]
