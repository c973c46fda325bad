"""Talks to the README's server. Usage: shout.py PORT"""
import asyncio
import sys
import time

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

URL = f"ws://127.0.0.1:{sys.argv[1]}/shout"


async def talk():
    deadline = time.monotonic() + 20
    while True:
        try:
            ws = await connect(URL, proxy=None)
            break
        except OSError:  # not listening yet
            if time.monotonic() > deadline:
                raise
            await asyncio.sleep(0.05)
    async with ws:
        await ws.send("héllo")
        assert await ws.recv() == "HÉLLO"
    try:
        async with connect(URL, proxy=None, origin="https://evil.example"):
            sys.exit("a page of another site was let in")
    except InvalidStatus as error:
        assert error.response.status_code == 403


asyncio.run(asyncio.wait_for(talk(), 30))
