"""Checks the example auth. Usage: auth.py URL"""
from check import HTTP, ask, client, refused, run, same


async def log_in(name="alice", password="wonderland"):
    """The token, and the cookie without its attributes."""
    status, headers, token = await ask("/login", f"{name}:{password}".encode())
    same(status, 200)
    cookie = headers["set-cookie"]
    same("HttpOnly" in cookie and "SameSite=Strict" in cookie, True)
    return token, cookie.split(";")[0]


async def the_socket_knows_who_logged_in():
    _, alice = await log_in()
    _, bob = await log_in("bob", "builder")
    for cookie, name in [(alice, "alice"), (bob, "bob")]:
        async with client("/notes", additional_headers={"Cookie": cookie}, origin=HTTP) as ws:
            same(await ws.recv(), f"Hello {name}.")
            await ws.send("milk")
            same(await ws.recv(), f"{name} wrote: milk")


async def a_wrong_password_is_refused():
    for body in [b"alice:builder", b"alice:", b"alice", b"", b"\xff:x"]:
        status, headers, _ = await ask("/login", body)
        same((status, headers["set-cookie"]), (401, None))


async def without_a_token_there_is_no_socket():
    same(await refused("/notes"), (401, "log in first\n"))
    same((await ask("/me"))[0], 401)


async def a_wrong_token_is_refused():
    wrong = "0" * 32
    same((await refused("/notes", additional_headers={"Cookie": f"token={wrong}"}))[0], 401)
    same((await refused("/notes", additional_headers={"Authorization": f"Bearer {wrong}"}))[0], 401)
    same((await refused("/notes", subprotocols=["notes.v1", f"bearer.{wrong}"]))[0], 401)
    same((await ask("/me", headers=[("Authorization", f"Bearer {wrong}")]))[0], 401)


async def a_program_sends_its_token_in_a_header():
    token, _ = await log_in()
    async with client("/notes", additional_headers={"Authorization": f"Bearer {token}"}) as ws:
        same(await ws.recv(), "Hello alice.")


async def a_page_offers_its_token_as_a_subprotocol():
    token, _ = await log_in()
    async with client("/notes", subprotocols=["notes.v1", f"bearer.{token}"]) as ws:
        same(ws.subprotocol, "notes.v1")
        same(await ws.recv(), "Hello alice.")


async def a_page_of_another_site_gets_403_with_the_cookie():
    _, cookie = await log_in()
    evil = {"additional_headers": {"Cookie": cookie}, "origin": "https://evil.example"}
    same((await refused("/notes", **evil))[0], 403)


run([
    the_socket_knows_who_logged_in, a_wrong_password_is_refused, without_a_token_there_is_no_socket,
    a_wrong_token_is_refused, a_program_sends_its_token_in_a_header,
    a_page_offers_its_token_as_a_subprotocol, a_page_of_another_site_gets_403_with_the_cookie,
])
