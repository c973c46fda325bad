"""A server for our client to try, on Python's websockets. Usage: websockets_server.py [CERTIFICATE KEY]"""
import asyncio
import contextlib
import ssl
import sys

from websockets.asyncio.server import serve
from websockets.exceptions import ConnectionClosed


async def handle(ws):
    path, headers = ws.request.path, ws.request.headers
    if path.startswith("/close"):
        await ws.close(4002, "go away")
    elif path.startswith("/headers"):
        await ws.send(f"{path} {headers['x-test']} {headers['cookie']}")
    else:
        with contextlib.suppress(ConnectionClosed):
            async for message in ws:
                await ws.send(message)


def choose(_, offered):
    """By itself the server refuses who offers none."""
    return "echo.v1" if "echo.v1" in offered else None


async def main():
    tls = None
    if len(sys.argv) > 1:
        tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        tls.load_cert_chain(*sys.argv[1:])
    options = {"ssl": tls, "max_size": 16 << 20, "select_subprotocol": choose}
    async with serve(handle, "127.0.0.1", 0, **options) as server:
        port = server.sockets[0].getsockname()[1]
        print(f"{'wss' if tls else 'ws'}://localhost:{port}", flush=True)
        await server.serve_forever()


asyncio.run(main())
