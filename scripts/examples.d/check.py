"""What the checks of the examples share: run each, one line of output, exit status 1 when one fails."""
import asyncio
import sys
import urllib.error
import urllib.request

from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

DEADLINE = 20  # seconds for a check
WS = sys.argv[1].rstrip("/")
HTTP = WS.replace("ws://", "http://", 1)


def client(path, **options):
    return connect(WS + path, proxy=None, **options)


async def refused(path, **options):
    """The status a handshake is refused with, and the answer's body."""
    try:
        async with client(path, **options):
            return 101, ""
    except InvalidStatus as error:
        return error.response.status_code, error.response.body.decode()


async def ask(path, body=None, headers=()):
    """Status, headers and body of a plain request."""
    def blocking():
        request = urllib.request.Request(HTTP + path, data=body, headers=dict(headers))
        try:
            answer = urllib.request.urlopen(request, timeout=DEADLINE)
        except urllib.error.HTTPError as error:
            answer = error
        with answer:
            return answer.status, answer.headers, answer.read().decode()
    return await asyncio.to_thread(blocking)


def same(seen, expected):
    if seen != expected:
        raise AssertionError(f"{seen!r} instead of {expected!r}")


def run(checks):
    async def all_of_them():
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
