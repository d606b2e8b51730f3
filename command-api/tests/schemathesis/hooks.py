"""What schemathesis cannot know of the door: lines of JSON, and what makes a transaction one that can be posted."""

import itertools
import json

import schemathesis
from schemathesis.transport.requests import REQUESTS_TRANSPORT

LINES = "application/x-ndjson"
ACCOUNTS = itertools.cycle(["assets:bank:checking", "expenses:food:groceries", "assets:cash"])

turns = itertools.count()


# The document shows lines as an array: OpenAPI has no word for them.
@REQUESTS_TRANSPORT.serializer(LINES)
def as_lines(ctx, value):
    items = value if isinstance(value, list) else [value]
    return {"data": "".join(json.dumps(item) + "\n" for item in items).encode()}


@schemathesis.deserializer(LINES)
def from_lines(ctx, response):
    return [json.loads(line) for line in response.content.splitlines()]


@schemathesis.hook
def before_call(ctx, case, kwargs):
    # A stream begins its answer before it has read all lines, so each line has a status of its own. Only a batch is
    # refused as a whole, which is what the checks look at.
    if case.media_type == LINES and (case.query or {}).get("atomic") in (None, False, "false"):
        case.query = {**(case.query or {}), "atomic": "true"}
    # Chance balances no entries and remembers no keys: every other good request is made one that gets past the rules.
    is_good = case.meta is not None and case.meta.generation.mode.is_positive
    if is_good and case.operation.method.upper() == "POST" and next(turns) % 2:
        in_books(case)


def in_books(case):
    case.headers.pop("Idempotency-Key", None)
    for body in case.body if isinstance(case.body, list) else [case.body]:
        if not isinstance(body, dict):
            continue
        if "transactions" in case.path or "entries" in body:
            for name in ("id", "effective_at", "preconditions"):
                body.pop(name, None)
        # All are credits but the first, which makes up for them.
        entries = body.get("entries", [])
        for number, entry in enumerate(entries):
            side, amount = ("credit", 1) if number else ("debit", len(entries) - 1)
            entry.update(account=next(ACCOUNTS), direction=side, amount=f"{amount}.00", currency="EUR")
