"""Checks the example wscat against the example echo. Usage: wscat.py URL PROGRAM"""
import subprocess
import sys

URL, PROGRAM = sys.argv[1].rstrip("/"), sys.argv[2]


def wscat(*arguments, lines="", url=URL):
    """Exit status, what was printed, and what was told beside it."""
    done = subprocess.run([PROGRAM, url, *arguments], input=lines, capture_output=True, text=True, timeout=20)
    return done.returncode, done.stdout, done.stderr


def same(seen, expected):
    if seen != expected:
        raise AssertionError(f"{seen!r} instead of {expected!r}")


def has(text, part):
    if part not in text:
        raise AssertionError(f"no {part!r} in {text!r}")


def lines_come_back_before_the_connection_is_closed():
    status, out, told = wscat(lines="one\ntwo\n\ndréi\n")
    same((status, out), (0, "one\ntwo\n\ndréi\n"))
    has(told, "closed by this side: 1000")


def lines_are_sent_as_binary_messages():
    same(wscat("--binary", lines="x\n")[:2], (0, "x\n"))


def a_subprotocol_is_agreed_on():
    has(wscat("--subprotocol", "other", "--subprotocol", "echo-v1")[2], "speaking echo-v1")


def a_refusal_is_told_with_its_status():
    status, _, told = wscat(url=URL + "/nowhere")
    same(status, 3)
    has(told, "404")


def a_foreign_origin_is_refused():
    status, _, told = wscat("--header", "Origin: https://elsewhere.example", "--hyper")
    same(status, 3)
    has(told, "403")


def a_wrong_url_is_told():
    status, _, told = wscat(url="http://localhost/")
    same(status, 2)
    has(told, "must start with ws")


def pings_are_answered():
    client = subprocess.Popen([PROGRAM, URL, "--ping", "1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, text=True)
    told = [client.stderr.readline() for _ in range(2)]
    client.communicate("", timeout=20)
    same((told, client.returncode), (["connected\n", "pong\n"], 0))


failed = 0
for check in [
    lines_come_back_before_the_connection_is_closed,
    lines_are_sent_as_binary_messages,
    a_subprotocol_is_agreed_on,
    a_refusal_is_told_with_its_status,
    a_foreign_origin_is_refused,
    a_wrong_url_is_told,
    pings_are_answered,
]:
    name = check.__name__.replace("_", " ")
    try:
        check()
        print(f"ok    {name}")
    except Exception as error:
        failed += 1
        print(f"FAIL  {name}: {type(error).__name__}: {error}")
sys.exit(1 if failed else 0)
