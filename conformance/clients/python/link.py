"""Connecting as the command line says."""

import ssl
from contextlib import asynccontextmanager

import nats


async def connect(asked, **options):
    """A connection with the credentials of the command line."""
    options.setdefault("allow_reconnect", False)
    options.setdefault("connect_timeout", 3)
    for name, option in (("user", "user"), ("password", "password"), ("token", "token"), ("nkey", "nkeys_seed")):
        if getattr(asked, name):
            options[option] = getattr(asked, name)
    if asked.ca:
        context = ssl.create_default_context(cafile=asked.ca)
        if asked.cert:
            context.load_cert_chain(asked.cert, asked.key)
        options["tls"] = context
        options["tls_hostname"] = "localhost"
    options.setdefault("error_cb", ignore)
    return await nats.connect(asked.url, **options)


async def ignore(_error):
    """Swallows what the client reports."""


@asynccontextmanager
async def connected(asked, **options):
    nc = await connect(asked, **options)
    try:
        yield nc
    finally:
        await nc.close()
