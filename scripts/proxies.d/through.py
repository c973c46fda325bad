"""What the checks through a proxy share. Usage of each: NAME.py UPSTREAM PLAIN_PORT TLS_PORT CERTIFICATE"""
import asyncio
import functools
import json
import ssl
import sys
import urllib.request

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

UPSTREAM, PLAIN, TLS, CERTIFICATE = sys.argv[1:5]
DEADLINE = 20  # seconds for a check
TRUST = ssl.create_default_context(cafile=CERTIFICATE)
SCHEMES = [("ws", "http", PLAIN), ("wss", "https", TLS)]


@functools.cache
def logged_in(name):
    """The header that says who we are. The login is not through the proxy, and none of what is checked."""
    with urllib.request.urlopen(f"http://{UPSTREAM}/login", data=name.encode(), timeout=DEADLINE) as answer:
        return {"Authorization": f"Bearer {answer.read().decode()}"}


def client(scheme, port, name="somebody", additional_headers=(), **options):
    secure = {"ssl": TRUST} if scheme == "wss" else {}
    return connect(
        f"{scheme}://localhost:{port}/rooms/lobby", proxy=None, host="127.0.0.1", port=int(port),
        additional_headers=logged_in(name) | dict(additional_headers), **secure, **options)


async def status(scheme, port, **options):
    """The status of the answer to a handshake."""
    try:
        async with client(scheme, port, **options):
            return 101
    except InvalidStatus as error:
        return error.response.status_code


async def exchange(port, request, secure):
    """What comes back for a request as it is, until the other side closes or says nothing for a while."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=TRUST if secure else None, server_hostname="localhost" if secure else None)
    writer.write(request)
    answer = b""
    try:
        while chunk := await asyncio.wait_for(reader.read(65536), 2):
            answer += chunk
    except asyncio.TimeoutError:
        pass
    writer.close()
    return answer


async def welcome(ws):
    await until(ws, "welcome")


async def until(ws, kind):
    while True:
        message = json.loads(await ws.recv())
        if message["type"] == kind:
            return message


def same(seen, expected):
    if seen != expected:
        raise AssertionError(f"{seen!r} instead of {expected!r}")


async def proxy_listens():
    for port in (PLAIN, TLS):
        while True:
            try:
                _, writer = await asyncio.open_connection("127.0.0.1", int(port))
                writer.close()
                break
            except ConnectionRefusedError:
                await asyncio.sleep(0.05)


def run(checks):
    async def all_of_them():
        await asyncio.wait_for(proxy_listens(), DEADLINE)
        failed = 0
        for check in checks:
            name = check.__name__.replace("_", " ")
            try:
                await asyncio.wait_for(check(), DEADLINE)
                print(f"ok    {name}")
            except Exception as error:
                failed += 1
                print(f"FAIL  {name}: {type(error).__name__}: {error}")
        return failed
    sys.exit(1 if asyncio.run(all_of_them()) else 0)
