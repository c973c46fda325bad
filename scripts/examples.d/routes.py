"""Checks the example routes. Usage: routes.py URL"""
from check import ask, client, refused, run, same


async def the_page_and_a_websocket_share_a_path():
    status, headers, body = await ask("/")
    same((status, headers["content-type"]), (200, "text/html; charset=utf-8"))
    same("<h1>Three handlers, one server</h1>" in body, True)
    async with client("/") as ws:
        await ws.send("hello")
        same(await ws.recv(), "HELLO")


async def parameters_are_decoded():
    async with client("/rooms/caf%C3%A9%20%2F%20bar?name=Zo%C3%AB+%26+Ann") as ws:
        same(await ws.recv(), "Welcome to café / bar, Zoë & Ann.")


async def a_handler_that_is_done_closes():
    async with client("/count/2/4") as ws:
        same([message async for message in ws], ["2", "3", "4"])
        same(ws.close_code, 1000)


async def a_handler_that_fails_closes_with_1011():
    async with client("/count/one/4") as ws:
        try:
            await ws.recv()
        except Exception:
            pass
        same((ws.close_code, ws.close_reason), (1011, ""))


async def what_is_not_mapped_is_404():
    same((await refused("/rooms"))[0], 404)
    same((await ask("/rooms/x"))[0], 404)


async def a_page_of_another_site_gets_403():
    same((await refused("/", origin="https://evil.example"))[0], 403)


run([
    the_page_and_a_websocket_share_a_path, parameters_are_decoded, a_handler_that_is_done_closes,
    a_handler_that_fails_closes_with_1011, what_is_not_mapped_is_404, a_page_of_another_site_gets_403,
])
