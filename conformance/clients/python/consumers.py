"""Consumers, ordered and push subscriptions, objects: what reads streams."""

import asyncio

from link import connected
from nats.errors import TimeoutError as NoMessage
from nats.js import api, errors


async def filled(js, name, count, **config):
    """A stream of the case's own with the messages 1, 2, … on its subject a."""
    await js.add_stream(name=name, subjects=[f"{name}.>"], storage=api.StorageType.MEMORY, **config)
    for n in range(1, count + 1):
        await js.publish(f"{name}.a", str(n).encode())


async def state(js, stream, durable):
    info = await js.consumer_info(stream, durable)
    return (info.delivered.consumer_seq, info.ack_floor.stream_seq, info.num_ack_pending, info.num_pending)


async def a_consumer_is_made_told_and_deleted(asked):
    async with connected(asked) as nc:
        js = nc.jetstream()
        await filled(js, "PY_C_LIFE", 3)
        info = await js.add_consumer("PY_C_LIFE", durable_name="c", ack_policy=api.AckPolicy.EXPLICIT)
        config = info.config
        assert (config.ack_wait, config.max_deliver, config.max_waiting, config.max_ack_pending) == (30, -1, 512, 1000)
        assert info.num_pending == 3
        assert [each.name for each in await js.consumers_info("PY_C_LIFE")] == ["c"]
        assert await js.delete_consumer("PY_C_LIFE", "c")
        try:
            await js.consumer_info("PY_C_LIFE", "c")
            raise AssertionError("a deleted consumer was found")
        except errors.NotFoundError:
            pass


async def batches_are_fetched(asked):
    async with connected(asked) as nc:
        js = nc.jetstream()
        await filled(js, "PY_C_FETCH", 25)
        sub = await js.pull_subscribe("PY_C_FETCH.>", "c")
        got = []
        while len(got) < 25:
            for msg in await sub.fetch(10, timeout=2):
                got.append(int(msg.data))
                await msg.ack_sync()
        assert got == list(range(1, 26)), got
        assert await state(js, "PY_C_FETCH", "c") == (25, 25, 0, 0)
        try:
            await sub.fetch(1, timeout=0.3)
            raise AssertionError("something was fetched from nothing")
        except NoMessage:
            pass


async def heartbeats_while_fetching(asked):
    async with connected(asked) as nc:
        js = nc.jetstream()
        await filled(js, "PY_C_BEAT", 0)
        sub = await js.pull_subscribe("PY_C_BEAT.>", "c")
        waiting = asyncio.create_task(sub.fetch(1, timeout=2, heartbeat=0.2))
        await asyncio.sleep(0.7)
        await js.publish("PY_C_BEAT.a", b"late")
        assert [msg.data for msg in await waiting] == [b"late"]


async def acknowledgements_of_every_kind(asked):
    async with connected(asked) as nc:
        js = nc.jetstream()
        await filled(js, "PY_C_ACKS", 3)
        config = api.ConsumerConfig(ack_wait=1, ack_policy=api.AckPolicy.EXPLICIT)
        sub = await js.pull_subscribe("PY_C_ACKS.>", "c", config=config)
        first, second, third = await sub.fetch(3, timeout=2)
        await first.nak(delay=0.3)
        await second.term()
        await third.in_progress()
        (again,) = await sub.fetch(1, timeout=2)
        assert (again.metadata.sequence.stream, again.metadata.num_delivered) == (1, 2), again.metadata
        await again.ack_sync()
        await third.ack_sync()
        assert await state(js, "PY_C_ACKS", "c") == (4, 3, 0, 0)


async def a_message_comes_again_after_ack_wait(asked):
    async with connected(asked) as nc:
        js = nc.jetstream()
        await filled(js, "PY_C_AGAIN", 1)
        config = api.ConsumerConfig(ack_wait=0.3, max_deliver=2, ack_policy=api.AckPolicy.EXPLICIT)
        sub = await js.pull_subscribe("PY_C_AGAIN.>", "c", config=config)
        for delivery in (1, 2):
            (msg,) = await sub.fetch(1, timeout=2)
            assert msg.metadata.num_delivered == delivery, msg.metadata
        try:
            await sub.fetch(1, timeout=1)
            raise AssertionError("it came a third time")
        except NoMessage:
            pass


async def a_push_subscription_with_a_queue(asked):
    async with connected(asked) as nc:
        js = nc.jetstream()
        await filled(js, "PY_C_PUSH", 0)
        got = [[], []]

        async def member(which):
            async def taken(msg):
                got[which].append(int(msg.data))
                await msg.ack()

            return await js.subscribe("PY_C_PUSH.>", queue="workers", durable="workers", cb=taken, manual_ack=True)

        await member(0)
        await member(1)
        for n in range(100):
            await js.publish("PY_C_PUSH.a", str(n).encode())
        for _ in range(100):
            if len(got[0]) + len(got[1]) == 100:
                break
            await asyncio.sleep(0.03)
        assert sorted(got[0] + got[1]) == list(range(100)), got
        assert got[0] and got[1], got


async def an_ordered_subscription(asked):
    async with connected(asked) as nc:
        js = nc.jetstream()
        await filled(js, "PY_C_ORDER", 0)
        for future in [await js.publish_async("PY_C_ORDER.a", str(n).encode()) for n in range(500)]:
            await future
        sub = await js.subscribe("PY_C_ORDER.>", ordered_consumer=True)
        got = [int((await sub.next_msg(timeout=2)).data) for _ in range(500)]
        assert got == list(range(500))


async def a_work_queue_empties(asked):
    async with connected(asked) as nc:
        js = nc.jetstream()
        await filled(js, "PY_C_WORK", 10, retention=api.RetentionPolicy.WORK_QUEUE)
        sub = await js.pull_subscribe("PY_C_WORK.>", "c")
        for msg in await sub.fetch(10, timeout=2):
            await msg.ack_sync()
        assert (await js.stream_info("PY_C_WORK")).state.messages == 0


async def objects_are_put_and_got(asked):
    async with connected(asked) as nc:
        js = nc.jetstream()
        store = await js.create_object_store("PY_C_OBJ")
        data = bytes(range(256)) * 20_480
        info = await store.put("large", data)
        assert (info.size, info.chunks) == (5_242_880, 40), info
        assert (await store.get("large")).data == data
        await store.put("small", b"hello")
        assert sorted(each.name for each in await store.list()) == ["large", "small"]
        await store.delete("large")
        try:
            await store.get("large")
            raise AssertionError("a deleted object was found")
        except errors.ObjectNotFoundError:
            pass
        await store.seal()
        assert (await store.status()).sealed
        assert await js.delete_object_store("PY_C_OBJ")


CASES = [
    a_consumer_is_made_told_and_deleted,
    batches_are_fetched,
    heartbeats_while_fetching,
    acknowledgements_of_every_kind,
    a_message_comes_again_after_ack_wait,
    a_push_subscription_with_a_queue,
    an_ordered_subscription,
    a_work_queue_empties,
    objects_are_put_and_got,
]
