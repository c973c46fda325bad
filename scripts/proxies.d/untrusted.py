"""Checks the chat example behind a proxy that it was not told of."""
from through import PLAIN, TLS, run, same, status


async def over_plain_http_the_page_may_connect():
    same(await status("ws", PLAIN, origin=f"http://localhost:{PLAIN}"), 101)


async def over_tls_the_page_gets_403():
    same(await status("wss", TLS, origin=f"https://localhost:{TLS}"), 403)


async def programs_may_connect():
    same(await status("wss", TLS), 101)


run([over_plain_http_the_page_may_connect, over_tls_the_page_gets_403, programs_may_connect])
