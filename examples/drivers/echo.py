"""A driver without a client: the beginning of one. Python 3, no library.

It can be asked nothing yet, and says so. Give it ops one after the other; `driver check` tells what is missing.
"""

import json
import sys

PREFIX = "@gck "


def say(line):
    print(PREFIX + json.dumps(line), flush=True)


def answer(op, request):
    """Returns what the reply has beside the id. An op that is claimed in `ops` gets an `if` of its own here."""
    if op == "hello":
        client = {"name": "nothing", "version": "0", "language": "python"}
        return {"ok": {"protocol": 1, "client": client, "ops": [], "facts": {}}}
    if op == "bye":
        return {"ok": {}}
    return {"unsupported": f"{op} is not written yet"}


for line in sys.stdin:
    if not line.startswith(PREFIX):
        continue
    request = json.loads(line[len(PREFIX) :])
    print("asked for", request["op"], file=sys.stderr)  # Log output: anything without the prefix.
    try:
        outcome = answer(request["op"], request)
    except Exception as fault:
        outcome = {"error": {"kind": "internal", "message": repr(fault)}}
    say({"id": request["id"]} | outcome)
    if request["op"] == "bye":
        break
