"""Checks an echo server with Python's websockets. Usage: websockets_client.py URL"""
import asyncio
import os
import sys
from urllib.parse import urljoin

from websockets.asyncio.client import connect

URL = sys.argv[1]
DEADLINE = 20  # seconds for a check
KIB, MIB = 1024, 1024 * 1024


def client(path="/", **options):
    return connect(urljoin(URL, path), max_size=None, proxy=None, **options)


def echoes(message, path="/"):
    """The message comes back as it went, and as the same type."""
    async def check():
        async with client(path) as ws:
            await ws.send(message)
            same(await ws.recv(), message)
    return check


def echoes_fragments(*fragments):
    async def check():
        async with client() as ws:
            await ws.send(fragments)
            same(await ws.recv(), type(fragments[0])().join(fragments))
    return check


async def keeps_order():
    async with client() as ws:
        messages = ["message %d" % n if n % 2 else b"%d" % n for n in range(500)]
        for message in messages:
            await ws.send(message)
        same([await ws.recv() for _ in messages], messages)


def answers_ping(payload):
    async def check():
        async with client() as ws:
            await (await ws.ping(payload))  # resolves on a pong with this payload only
            await ws.send("after the ping")
            same(await ws.recv(), "after the ping")
    return check


def answers_close(code, reason):
    async def check():
        async with client() as ws:
            await ws.close(code, reason)
            same(ws.protocol.close_rcvd and ws.protocol.close_rcvd.code, code)
            same(ws.protocol.close_rcvd_then_sent, False)
    return check


def negotiates(offered, expected):
    async def check():
        async with client(subprotocols=offered) as ws:
            same(ws.subprotocol, expected)
            await ws.send("subprotocol")
            same(await ws.recv(), "subprotocol")
    return check


async def serves_200_at_once():
    all_open = asyncio.Barrier(200)

    async def one(n):
        async with client(open_timeout=DEADLINE) as ws:
            await all_open.wait()
            await ws.send("connection %d" % n)
            same(await ws.recv(), "connection %d" % n)
            await all_open.wait()
    await asyncio.gather(*(one(n) for n in range(200)))


def same(got, expected):
    if type(got) is not type(expected) or got != expected:
        raise AssertionError("got %s, not %s" % (described(got), described(expected)))


def described(value):
    """A long message as its type, length and head."""
    if isinstance(value, (str, bytes)) and len(value) > 100:
        return "%s of length %d that begins %.20r" % (type(value).__name__, len(value), value[:20])
    return "%.300r" % (value,)


CHECKS = {
    "text message": echoes("Grüße, 世界 🌍"),
    "binary message": echoes(bytes(range(256))),
    "empty text message": echoes(""),
    "empty binary message": echoes(b""),
    "text message of 64 KiB + 1": echoes("x" * (64 * KIB + 1)),
    "binary message of 64 KiB + 1": echoes(os.urandom(64 * KIB + 1)),
    "text message of 1 MiB": echoes("é" * (MIB // 2)),
    "binary message of 1 MiB": echoes(os.urandom(MIB)),
    "binary message of 16 MiB": echoes(os.urandom(16 * MIB)),
    "message at /echo": echoes("echo", "/echo"),
    "500 messages keep their order": keeps_order,
    "fragmented text message": echoes_fragments("frag", "", "ment", "ed ✓"),
    "fragmented binary message": echoes_fragments(b"", os.urandom(70000), b"\x00", os.urandom(300)),
    "ping without payload": answers_ping(b""),
    "ping of 125 bytes": answers_ping(os.urandom(125)),
    "close 1000": answers_close(1000, ""),
    "close 1000 with a reason": answers_close(1000, "done"),
    "close 1001": answers_close(1001, "going away"),
    "close 3000": answers_close(3000, "registered"),
    "close 4999 with a reason of 123 bytes": answers_close(4999, "é" * 61 + "."),
    "subprotocol echo-v1": negotiates(["echo-v1"], "echo-v1"),
    "subprotocol echo-v1 after an unknown one": negotiates(["nope", "echo-v1"], "echo-v1"),
    "unknown subprotocol": negotiates(["nope"], None),
    "200 connections at once": serves_200_at_once,
}


async def main():
    failed = 0
    for name, check in CHECKS.items():
        try:
            await asyncio.wait_for(check(), DEADLINE)
            print("ok    %s" % name, flush=True)
        except TimeoutError:
            failed += 1
            print("FAIL  %s: not done after %d s" % (name, DEADLINE), flush=True)
        except Exception as error:
            failed += 1
            print("FAIL  %s: %s: %s" % (name, type(error).__name__, error), flush=True)
    print("%d checks, %d failed" % (len(CHECKS), failed))
    return 1 if failed else 0


sys.exit(asyncio.run(main()))
