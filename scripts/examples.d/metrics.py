"""Checks the example metrics. Usage: metrics.py URL"""
from check import ask, client, refused, run, same


async def numbers():
    """The metrics that Prometheus reads, by name and labels without the server's."""
    status, _, text = await ask("/metrics")
    same(status, 200)
    lines = (line.rsplit(" ", 1) for line in text.splitlines() if line and not line.startswith("#"))
    found = {}
    for name, value in lines:
        name, _, labels = name.partition("{")
        kept = (label for label in labels.rstrip("}").split(",") if not label.startswith("server="))
        found[",".join([name, *kept])] = float(value)
    return found


async def sessions_and_messages_are_counted():
    endpoint = 'endpoint="/echo/{name}"'
    async with client("/echo/one") as one, client("/echo/two") as two:
        for ws in [one, one, two]:
            await ws.send("hello")
            same(await ws.recv(), "hello")
        seen = await numbers()
        same(seen[f"switchwire_sessions_open,{endpoint}"], 2)
        same(seen[f'switchwire_handshakes_total,{endpoint},outcome="accepted"'], 2)
        same(seen[f'switchwire_messages_total,{endpoint},direction="received"'], 3)
        same(seen[f'switchwire_messages_total,{endpoint},direction="sent"'], 3)
        same(seen[f'switchwire_bytes_total,{endpoint},direction="sent"'], 15)


async def refusals_are_counted_and_paths_are_no_labels():
    for n in range(20):
        same((await refused(f"/nowhere/{n}"))[0], 404)
    seen = await numbers()
    same(seen['switchwire_handshakes_total,endpoint="none",outcome="not_found"'], 20)
    same([name for name in seen if "nowhere" in name], [])


run([sessions_and_messages_are_counted, refusals_are_counted_and_paths_are_no_labels])
