"""Checks the example chat. Usage: chat.py URL"""
import asyncio
import json

from check import ask, client, refused, run, same


async def log_in(name):
    """What to connect with."""
    status, headers, _ = await ask("/login", name.encode())
    same(status, 200)
    same("HttpOnly" in headers["set-cookie"], True)
    return {"additional_headers": {"Cookie": headers["set-cookie"].split(";")[0]}}


async def say(ws, text):
    await ws.send(json.dumps({"type": "say", "text": text}))


async def heard(ws, kind):
    """The next message of a kind."""
    while True:
        message = json.loads(await ws.recv())
        if message["type"] == kind:
            return message


async def only_who_has_a_name_gets_in():
    same(await refused("/rooms/a"), (401, "log in first\n"))
    same((await ask("/login", b" "))[0], 400)
    await log_in("Taken")
    same((await ask("/login", b"Taken"))[0], 409)


async def people_of_a_room_see_and_hear_each_other():
    ada, bo = await log_in("Ada"), await log_in("Bo")
    async with client("/rooms/tea", **ada) as first:
        same((await heard(first, "welcome"))["people"], ["Ada"])
        async with client("/rooms/tea", **bo) as second, client("/rooms/coffee", **bo) as elsewhere:
            same((await heard(second, "welcome"))["people"], ["Ada", "Bo"])
            same((await heard(elsewhere, "welcome"))["people"], ["Bo"])
            same((await heard(first, "joined"))["name"], "Bo")
            await second.send('{"type": "typing"}')
            same((await heard(first, "typing"))["name"], "Bo")
            await say(second, "h\u00e9llo")
            for ws in (first, second):
                message = await heard(ws, "said")
                same((message["name"], message["text"], message["last"]), ("Bo", "h\u00e9llo", 1))
            await say(elsewhere, "nobody here")
            same((await heard(elsewhere, "said"))["last"], 1)
        left = await heard(first, "left")
        same((left["name"], left["people"]), ("Bo", ["Ada"]))


async def a_second_session_of_a_person_is_no_second_person():
    cy = await log_in("Cy")
    async with client("/rooms/twice", **cy) as first:
        await heard(first, "welcome")
        async with client("/rooms/twice", **cy) as second:
            same((await heard(second, "welcome"))["people"], ["Cy"])
        await say(first, "still here")
        same((await heard(first, "said"))["text"], "still here")


async def who_comes_back_hears_what_was_said_meanwhile():
    dee, eli = await log_in("Dee"), await log_in("Eli")
    async with client("/rooms/back", **dee) as there:
        await heard(there, "welcome")
        await say(there, "before")
        async with client("/rooms/back", **eli) as away:
            welcome = await heard(away, "welcome")
        epoch, last = welcome["epoch"], welcome["last"]
        for text in ["one", "two"]:
            await say(there, text)
        while (await heard(there, "said"))["text"] != "two":
            pass
        async with client(f"/rooms/back?since={epoch}.{last}", **eli) as back:
            welcome = await heard(back, "welcome")
            same(([said["text"] for said in welcome["said"]], welcome["gap"]), (["one", "two"], False))
        async with client(f"/rooms/back?since={epoch - 1}.{last}", **eli) as other_run:
            welcome = await heard(other_run, "welcome")
            same([said["text"] for said in welcome["said"]], ["before", "one", "two"])


async def the_last_hundred_are_kept():
    fay = await log_in("Fay")
    async with client("/rooms/long", **fay) as ws:
        epoch = (await heard(ws, "welcome"))["epoch"]
        for number in range(1, 121):
            await say(ws, str(number))
            await heard(ws, "said")
    async with client(f"/rooms/long?since={epoch}.10", **fay) as back:
        welcome = await heard(back, "welcome")
        same([said["text"] for said in welcome["said"]], [str(number) for number in range(21, 121)])
        same((welcome["gap"], welcome["last"]), (True, 120))


async def who_reads_too_slowly_holds_up_nobody_and_can_catch_up():
    gus, slow = await log_in("Gus"), await log_in("Slow")
    async with client("/rooms/busy", **gus, max_size=None) as talker:
        await heard(talker, "welcome")
        # Nothing is read from this one: its buffers are small, and so are the kernel's.
        async with client("/rooms/busy", **slow, max_queue=1) as sleeper:
            welcome = await heard(sleeper, "welcome")
            sleeper.transport.pause_reading()
            for number in range(200):
                await say(talker, f"{number} " + "x" * 60_000)
                await heard(talker, "said")
        async with client(f"/rooms/busy?since={welcome['epoch']}.{welcome['last']}", **slow, max_size=None) as back:
            welcome = await heard(back, "welcome")
            same((welcome["last"], welcome["gap"]), (200, True))
            same(welcome["said"][-1]["text"][:4], "199 ")


async def what_is_no_message_ends_the_session():
    async with client("/rooms/odd", **await log_in("Odd")) as ws:
        await heard(ws, "welcome")
        await ws.send("hello?")
        try:
            await asyncio.wait_for(heard(ws, "nothing"), 10)
        except Exception:
            pass
        same(ws.close_code, 1011)


run([
    only_who_has_a_name_gets_in, people_of_a_room_see_and_hear_each_other,
    a_second_session_of_a_person_is_no_second_person, who_comes_back_hears_what_was_said_meanwhile,
    the_last_hundred_are_kept, who_reads_too_slowly_holds_up_nobody_and_can_catch_up, what_is_no_message_ends_the_session,
])
