"""Checks how an example stops: its sessions get 1001. Usage: stop.py URL PID PATH [NAME:PASSWORD]"""
import asyncio
import os
import signal
import sys

from check import ask, client, run, same

SESSIONS = 20


async def sessions_end_with_1001_at_sigterm():
    pid, path, *user = sys.argv[2:]
    options = {}
    if user:
        token = (await ask("/login", user[0].encode()))[2].strip()
        options["additional_headers"] = {"Authorization": f"Bearer {token}"}
    clients = [await client(path, **options) for _ in range(SESSIONS)]
    os.kill(int(pid), signal.SIGTERM)
    for ws in clients:
        async for _ in ws:  # whatever it says before
            pass
    same([ws.close_code for ws in clients], [1001] * SESSIONS)


run([sessions_end_with_1001_at_sigterm])
