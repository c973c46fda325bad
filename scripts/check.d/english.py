"""Checks that documents and doc comments keep clear of phrases that are not English, or not the field's words.
Code blocks and inline code are ignored. Prints file:line for each phrase, with what to say instead.
Run in the root of the repository."""
import pathlib
import re
import subprocess
import sys

# The files that are read: "*.md" for documents, "*.rs" for the doc comments of sources.
SOURCES = ("*.md", "*.rs")

# Written by scripts.
GENERATED = {"docs/autobahn.md", "docs/conformance.md", "docs/costs.md", "docs/requirements.md"}

# Sources in which STRICTER is not looked for yet: they are still to be rewritten. Doc comments in them are checked for
# PHRASES, as everywhere.
NOT_YET = re.compile(r"(conformance-tests|bench|soak|examples|fuzz|stomp|broker-[^/]*|engine-[^/]*)/|(.*/)?(tests|examples|benches)/")

# What is found, as a regular expression whose spaces may be line ends, and what to say instead.
PHRASES = [
    # Actors without a name.
    (r"whoever", "name the actor: the driver, the peer, the application"),
    (r"who (passes|is full|leaves|waits in|wants that|joined later)", "name the actor: a session that ..., a handler that ..."),
    (r"what comes (before|behind|after|in|first|next)", "name the subject: the messages, the bytes"),
    (r"what is due", "the timers that are due"),
    (r"behind what", "after the messages that"),
    (r"hears? of", "learns of, or is told about"),
    (r"somebody", "name the actor, or a task, a thread"),
    (r"does what (who|what)", "name the actor and the action"),
    (r"what is sent is written", "the driver writes the messages"),
    (r"what is left of", "the rest of"),
    (r"what becomes of", "what happens to"),
    (r"what counts is", "name the subject: the limit counts ..."),
    (r"nobody is there to", "name the actor: no interceptor, no handler"),
    # Defaults and settings.
    (r"as (it comes|they come)(?! from)", "by default"),
    (r"safe as it is", "safe with no settings"),
    (r"with no settings? made", "with no settings, or by default"),
    # Progress and time.
    (r"(gets?|got|getting) further", "makes progress"),
    (r"(is|are|be|was) given up", "is disconnected"),
    (r"gives? way", "is dropped, or yields"),
    (r"read to (its|their) place", "read directly into the message"),
    (r"goes further than", "exceeds"),
    (r"may go on as long as", "may continue while"),
    (r"(has|have|had) (its|their) grace", "name the setting: may run for `handler_grace`"),
    (r"(runs?|starts?) anew", "restarts"),
    (r"(process|machine) stood still", "was suspended"),
    (r"for good(?! (reason|measure))", "permanently"),
    (r"as most often", "usually"),
    (r"(is|be|are|was) stuck", "hangs, or makes no progress"),
    (r"in good order", "gracefully"),
    # Values.
    (r"(that|which|port|name|it|one) is none(?! of)", "is invalid, or is not one"),
    (r"(is|are|holds?|held|keeps?|ends?|costs? a session) no more than an?", "at most one"),
    (r"one visit", "per connection, or once"),
    (r"asks? for no ", "does not ask for a "),
    (r"as there were", "as before"),
    # Ours, and other idioms.
    (r"(none|nothing) of ours", "not one of our packages, no code of this project"),
    (r"stands? on (which|core|switchwire)", "depends on"),
    (r"sees? to it", "ensures it, or must do it"),
    (r"has to see to", "must do"),
    (r"errs to the safe side", "errs on the safe side"),
    (r"houses under one roof", "three concerns in one package"),
    (r"is ours to keep", "we maintain it"),
    (r"mend(s|ed|ing)?", "fix"),
    (r"goes out behind", "is sent after"),
    (r"is (his|its|their|theirs) affair", "is up to"),
]

# The same for all comments of the product packages.
STRICTER = [
    (r"nobody|no one|anybody|anyone", "name the actor: no task, no session, no member"),
    (r"who (is|are|asks?|sends?|reads?|wants?|receives?|serves?|else|drops)", "name the actor: a task that ..., a peer that ..."),
    (r"what (became|comes|came) of", "the result of"),
    (r"what (was|is) (sent|read|written|received|accepted|announced|due|left|there)", "name the subject: the messages, the bytes"),
    (r"what (waits|follows|arrived|panics|counts)", "name the subject: the messages, the bytes"),
    (r"anew", "again"),
    (r"(gets|get|has|have|had) (its|their) turn", "run, or let other tasks run"),
    (r"of (its|their) own accord", "itself, by itself"),
    (r"so (many|much) (bytes|messages|sessions|pings|members|of)", "this many"),
    (r"(stands?|stood) there", "occurs, or is there"),
    (r"(that|which|it|one|name|value|text|target|token|answer) is no (token|name|text|path|pattern|host|header)", "is not a"),
    (r"as (nearly always|most often|as most)", "usually"),
    (r"is (let in|given back to the)", "is allowed"),
    (r"see to (it|that)|sees to (it|that|the)", "must do, or ensures"),
    (r"as it likes", "name the actor and the limit"),
    (r"all the same(?! (to|way))", "still, or anyway"),
    (r"in terms (of no server|no server owns)", "in the same way for every server"),
    (r"a rush", "a burst"),
    (r"hears?", "learns, or reads"),
]
SPACE = r"(?:[ \t]+|[ \t]*\n[ \t]*)"


def compiled(phrases):
    return [(re.compile(rf"\b(?:{phrase.replace(' ', SPACE)})(?!\w)", re.IGNORECASE), instead) for phrase, instead in phrases]


BANNED, ALSO_BANNED = compiled(PHRASES), compiled(STRICTER)

FENCE = re.compile(r"^[ \t]*(```|~~~).*?^[ \t]*\1", re.MULTILINE | re.DOTALL)
CODE = re.compile(r"`[^`]*`")
DOC = re.compile(r"^\s*//[/!](?!/)")
COMMENT = re.compile(r"^(?:\s*//|.*?\s//\s)")
# Ends a paragraph, so that no phrase is found across it.
END = "\0"


def blank(match):
    """Keeps the lines of what is ignored, so that the others have their numbers."""
    return END + "\n" * match.group().count("\n")


def comment(line, markers):
    """The comment in a line of a source, after the first marker that it has."""
    found = next(filter(None, (marker.match(line) for marker in markers)), None)
    return line[found.end() :] if found else END


def prose(path, is_strict):
    """The text of a file that is read by people, line by line the same."""
    text = path.read_text()
    if path.suffix == ".rs":
        markers = (DOC, COMMENT) if is_strict else (DOC,)
        text = "\n".join(comment(line, markers) for line in text.split("\n"))
    elif path.name == "CHANGELOG.md":
        # What was released is no longer changed.
        text = "\n## ".join(text.split("\n## ")[:2])
    return CODE.sub(blank, FENCE.sub(blank, text))


troubles = []
for name in subprocess.check_output(["git", "ls-files", *SOURCES], text=True).splitlines():
    path = pathlib.Path(name)
    if name in GENERATED or not path.exists():
        continue
    is_strict = path.suffix == ".rs" and not NOT_YET.match(name)
    text = prose(path, is_strict)
    for phrase, instead in BANNED + ALSO_BANNED if is_strict else BANNED:
        for match in phrase.finditer(text):
            line = text.count("\n", 0, match.start()) + 1
            found = " ".join(match.group().split())
            troubles.append((name, line, f'"{found}": say "{instead}"'))

for name, line, trouble in sorted(troubles):
    print(f"{name}:{line}: {trouble}", file=sys.stderr)
sys.exit(1 if troubles else 0)
