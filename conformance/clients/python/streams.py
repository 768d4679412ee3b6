"""Streams: managing them, publishing, reading, a bucket of keys."""

import asyncio

from nats.js import errors
from nats.js.api import DiscardPolicy, RetentionPolicy, StorageType

from link import connected


async def refused(awaitable, code, err_code, description):
    """The API's refusal, as expected."""
    try:
        await awaitable
    except errors.APIError as error:
        got = (error.code, error.err_code, error.description)
        assert got == (code, err_code, description), got
        return
    raise AssertionError(f"{err_code} was expected, and it was accepted")


async def filled(js, name, *messages, **config):
    """A stream of the case's own, with messages on subjects under its name."""
    await js.add_stream(name=name, subjects=[f"{name}.>"], **config)
    for token, body in messages:
        await js.publish(f"{name}.{token}", body)


async def counts(js, name):
    """State without what depends on the time."""
    state = (await js.stream_info(name)).state
    return (state.messages, state.first_seq, state.last_seq, state.num_deleted or 0)


async def account_information(asked):
    async with connected(asked) as nc:
        info = await nc.jetstream().account_info()
        limits = info.limits
        assert (limits.max_memory, limits.max_storage, limits.max_streams, limits.max_consumers) == (-1,) * 4, limits
        assert info.api.errors >= 0


async def a_stream_is_made_told_changed_and_deleted(asked):
    async with connected(asked) as nc:
        js = nc.jetstream()
        await filled(js, "PY_LIFE", ("a", b"1"), ("b", b"2"))
        info = await js.stream_info("PY_LIFE", subjects_filter=">")
        assert (info.config.name, info.config.subjects) == ("PY_LIFE", ["PY_LIFE.>"]), info.config
        assert info.state.subjects == {"PY_LIFE.a": 1, "PY_LIFE.b": 1}, info.state
        assert info.config.duplicate_window == 120, info.config.duplicate_window
        config = info.config
        config.max_msgs = 1
        assert (await js.update_stream(config)).state.first_seq == 2
        assert await js.find_stream_name_by_subject("PY_LIFE.x") == "PY_LIFE"
        assert "PY_LIFE" in [each.config.name for each in await js.streams_info()]
        assert await js.delete_stream("PY_LIFE")
        await refused(js.stream_info("PY_LIFE"), 404, 10059, "stream not found")


async def what_was_asked_for_is_what_is_told(asked):
    async with connected(asked) as nc:
        js = nc.jetstream()
        wanted = dict(
            retention=RetentionPolicy.WORK_QUEUE,
            storage=StorageType.MEMORY,
            discard=DiscardPolicy.NEW,
            max_msgs=10,
            max_bytes=10_000,
            max_msg_size=100,
            max_age=3600.0,
            max_consumers=2,
            duplicate_window=60.0,
            deny_delete=True,
            allow_rollup_hdrs=True,
            allow_direct=True,
            description="all of it",
        )
        await filled(js, "PY_CONFIG", **wanted)
        told = (await js.stream_info("PY_CONFIG")).config
        for name, value in wanted.items():
            assert getattr(told, name) == value, f"{name} is {getattr(told, name)!r}"


async def mistakes_have_codes_and_texts(asked):
    async with connected(asked) as nc:
        js = nc.jetstream()
        await filled(js, "PY_MISTAKES")
        other = "stream name already in use with a different configuration"
        await refused(js.add_stream(name="PY_MISTAKES", subjects=["py.other"]), 400, 10058, other)
        overlap = "subjects overlap with an existing stream"
        await refused(js.add_stream(name="PY_M2", subjects=["PY_MISTAKES.x"]), 400, 10065, overlap)
        await refused(js.delete_stream("PY_NONE"), 404, 10059, "stream not found")


async def publishing_with_ids_and_expectations(asked):
    async with connected(asked) as nc:
        js = nc.jetstream()
        await filled(js, "PY_PUB")
        for n in range(3):
            ack = await js.publish("PY_PUB.a", b"x", headers={"Nats-Msg-Id": "one"})
            assert (ack.stream, ack.seq, bool(ack.duplicate)) == ("PY_PUB", 1, n > 0), ack
        await refused(js.publish("PY_PUB.a", b"x", stream="OTHER"), 400, 10060, "expected stream does not match")
        wrong = js.publish("PY_PUB.a", b"x", headers={"Nats-Expected-Last-Sequence": "7"})
        await refused(wrong, 400, 10071, "wrong last sequence: 1")
        ack = await js.publish("PY_PUB.a", b"x", stream="PY_PUB", headers={"Nats-Expected-Last-Sequence": "1"})
        assert ack.seq == 2
        try:
            await js.publish("py.nobody", b"")
            raise AssertionError("a subject of no stream was accepted")
        except errors.NoStreamResponseError:
            pass


async def asynchronous_publishes_keep_their_order(asked):
    async with connected(asked) as nc:
        js = nc.jetstream()
        await filled(js, "PY_ASYNC")
        futures = [await js.publish_async("PY_ASYNC.a", str(n).encode(), wait_stall=5) for n in range(1000)]
        acks = await asyncio.gather(*futures)
        assert [ack.seq for ack in acks] == list(range(1, 1001))


async def messages_are_read_and_deleted(asked):
    async with connected(asked) as nc:
        js = nc.jetstream()
        await filled(js, "PY_READ", ("a", b"1"), ("b", b"2"), ("a", b"3"), allow_direct=True)
        await js.publish("PY_READ.h", b"4", headers={"Color": "red"})
        for direct in (False, True):
            first = await js.get_msg("PY_READ", 1, direct=direct)
            assert (first.subject, first.seq, first.data) == ("PY_READ.a", 1, b"1"), first
            following = await js.get_msg("PY_READ", 2, subject="PY_READ.a", direct=direct, next=True)
            assert (following.seq, following.data) == (3, b"3"), following
            last = await js.get_last_msg("PY_READ", "PY_READ.a", direct=direct)
            assert (last.seq, last.data) == (3, b"3"), last
            headers = (await js.get_msg("PY_READ", 4, direct=direct)).headers
            assert headers["Color"] == "red", headers
            try:
                await js.get_msg("PY_READ", 9, direct=direct)
                raise AssertionError("message 9 was found")
            except errors.NotFoundError:
                pass
        assert await js.delete_msg("PY_READ", 2)
        assert await counts(js, "PY_READ") == (3, 1, 4, 1)


async def purges_of_every_kind(asked):
    async with connected(asked) as nc:
        js = nc.jetstream()
        await filled(js, "PY_PURGE", *[(token, b"x") for token in "ababab"])
        assert await js.purge_stream("PY_PURGE", seq=2)
        assert await counts(js, "PY_PURGE") == (5, 2, 6, 0)
        assert await js.purge_stream("PY_PURGE", subject="PY_PURGE.a", keep=1)
        assert await counts(js, "PY_PURGE") == (4, 2, 6, 1)
        assert await js.purge_stream("PY_PURGE")
        assert await counts(js, "PY_PURGE") == (0, 7, 6, 0)


async def a_bucket_of_keys(asked):
    async with connected(asked) as nc:
        js = nc.jetstream()
        kv = await js.create_key_value(bucket="PY_KV", history=3)
        assert await kv.put("color", b"blue") == 1
        try:
            await kv.create("color", b"red")
            raise AssertionError("created twice")
        except errors.KeyWrongLastSequenceError as error:
            assert "wrong last sequence: 1" in str(error), error
        assert await kv.update("color", b"red", last=1) == 2
        entry = await kv.get("color")
        assert (entry.value, entry.revision) == (b"red", 2), entry
        assert (await kv.get("color", revision=1)).value == b"blue"
        await kv.delete("color")
        try:
            await kv.get("color")
            raise AssertionError("a deleted key was found")
        except errors.KeyNotFoundError:
            pass
        await kv.purge("color")
        status = await kv.status()
        assert (status.values, status.history) == (1, 3), status
        assert await js.delete_key_value("PY_KV")


CASES = [
    account_information,
    a_stream_is_made_told_changed_and_deleted,
    what_was_asked_for_is_what_is_told,
    mistakes_have_codes_and_texts,
    publishing_with_ids_and_expectations,
    asynchronous_publishes_keep_their_order,
    messages_are_read_and_deleted,
    purges_of_every_kind,
    a_bucket_of_keys,
]
