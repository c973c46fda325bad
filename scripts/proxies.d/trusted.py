"""Checks the chat example behind a proxy that it trusts."""
import asyncio

from through import DEADLINE, PLAIN, SCHEMES, TLS, UPSTREAM, client, connect, exchange, logged_in, run, same, status, until, welcome


async def the_page_opens():
    for _, scheme, port in SCHEMES:
        request = f"GET / HTTP/1.1\r\nHost: localhost:{port}\r\nConnection: close\r\n\r\n".encode()
        answer = await exchange(port, request, scheme == "https")
        same(answer.startswith(b"HTTP/1.1 200") and b"switchwire chat" in answer, True)


async def pages_of_the_chat_talk_to_each_other():
    for scheme, origin, port in SCHEMES:
        here = f"{origin}://localhost:{port}"
        async with client(scheme, port, "Ada", origin=here) as ada, client(scheme, port, "Bo", origin=here) as bo:
            await welcome(ada)
            await welcome(bo)
            await ada.send('{"type": "say", "text": "h\u00e9llo"}')
            same((await until(bo, "said"))["text"], "h\u00e9llo")
            await bo.close(1000)
            same((bo.close_code, bo.protocol.close_rcvd_then_sent), (1000, False))
            same((await until(ada, "left"))["name"], "Bo")


async def a_large_message_passes():
    text = "x" * 60_000
    async with client("wss", TLS, max_size=None) as ws:
        await welcome(ws)
        await ws.send('{"type": "say", "text": "%s"}' % text)
        same((await until(ws, "said"))["text"], text)


async def pages_of_other_sites_get_403():
    for scheme, origin, port in SCHEMES:
        other_scheme = "http" if origin == "https" else "https"
        for page in ["https://evil.example", f"{other_scheme}://localhost:{port}", f"{origin}://localhost", "null",
                     f"{origin}://localhost.evil.example:{port}", f"http://{UPSTREAM}"]:
            same((page, await status(scheme, port, origin=page)), (page, 403))


async def what_the_client_says_of_itself_is_not_believed():
    claims = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https", "X-Forwarded-Port": "443",
              "X-Forwarded-For": "127.0.0.1", "Forwarded": "for=127.0.0.1;host=evil.example;proto=https"}
    for scheme, origin, port in SCHEMES:
        options = {"additional_headers": claims, "origin": "https://evil.example"}
        same(await status(scheme, port, **options), 403)
        same(await status(scheme, port, **options | {"origin": f"{origin}://localhost:{port}"}), 101)


async def from_elsewhere_the_headers_are_ignored():
    host, port = UPSTREAM.split(":")
    claims = {"X-Forwarded-Host": "public.example", "X-Forwarded-Proto": "https"}
    for source, expected in [("127.0.0.1", True), ("127.0.0.2", False)]:
        headers = logged_in("somebody") | claims
        options = {"additional_headers": headers, "origin": "https://public.example", "local_addr": (source, 0)}
        try:
            async with connect(f"ws://{host}:{port}/rooms/lobby", proxy=None, **options):
                accepted = True
        except Exception as error:
            accepted = False
            same(error.response.status_code, 403)
        same((source, accepted), (source, expected))


async def a_refused_handshake_leaves_no_tunnel():
    for scheme, origin, port in SCHEMES:
        request = (
            f"GET /rooms/lobby HTTP/1.1\r\nHost: localhost:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 12\r\n\r\n"
            "GET /rooms/lobby HTTP/1.1\r\nHost: localhost\r\n\r\n"
        ).encode()
        answer = await exchange(port, request, scheme == "wss")
        head = answer.split(b"\r\n\r\n")[0].lower()
        same(head.startswith(b"http/1.1 426"), True)
        same(b"sec-websocket-version: 13" in head, True)
        same(b" 101 " in answer, False)


async def many_sessions_at_once():
    async def visit(number):
        scheme, _, port = SCHEMES[number % 2]
        async with client(scheme, port, f"visitor {number}") as ws:
            await welcome(ws)
    await asyncio.wait_for(asyncio.gather(*(visit(number) for number in range(50))), DEADLINE)


run([
    the_page_opens, pages_of_the_chat_talk_to_each_other, a_large_message_passes, pages_of_other_sites_get_403,
    what_the_client_says_of_itself_is_not_believed, from_elsewhere_the_headers_are_ignored,
    a_refused_handshake_leaves_no_tunnel, many_sessions_at_once,
])
