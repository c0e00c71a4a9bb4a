"""Expenses: notes what is spent, and makes a table of it.

Each chat has one list a month, under the key of the month, so that a month is read and written as a whole.
"""

import csv
import io
import re
from datetime import datetime, timezone
from decimal import Decimal

from waspnest import config, kv, media, messaging, on_command, on_message, react, reply

AMOUNT = r"(?P<amount>\d{1,7}(?:[.,]\d{1,2})?)"
NOTE = re.compile(rf"{AMOUNT}\s+(?P<after>\S.*)|(?P<before>.*\S)\s+{AMOUNT.replace('amount', 'last')}")
# A list of so many notes stays below the 60 KiB of a value, with notes of 100 characters.
MOST = 400


@on_message
def hear(ctx, msg):
    found = NOTE.fullmatch(msg.text)
    # Old and corrected messages are not money spent again.
    if not found or msg.history or msg.edit_of:
        return
    amount = Decimal((found["amount"] or found["last"]).replace(",", "."))
    what = (found["after"] or found["before"])[:100]
    month = month_of(ctx.received_at)
    notes = kv.chat().get(month, [])
    if len(notes) >= MOST:
        reply(msg, f"{month} has {MOST} notes, and that is all I keep.")
        return
    notes.append([day_of(ctx.received_at), what, str(amount)])
    kv.chat().put(month, notes)
    react(msg, "✅")


@on_command("expenses")
def expenses(ctx, cmd, msg):
    month = cmd.args.get("month", month_of(ctx.received_at))
    notes = kv.chat().get(month, []) if re.fullmatch(r"\d{4}-\d\d", month) else []
    if not notes:
        reply(msg, f"There is nothing for {month}.")
        return
    total = sum(Decimal(amount) for _, _, amount in notes)
    reply(msg, f"{month}: {total:.2f} {config()['currency']} in {len(notes)} notes")
    file = media.make("text/csv", table(notes))
    messaging.send_document(msg.chat, file, f"expenses-{month}.csv")


@on_command("undo")
def undo(ctx, cmd, msg):
    month = month_of(ctx.received_at)
    notes = kv.chat().get(month, [])
    if not notes:
        reply(msg, "There is nothing to take back.")
        return
    _, what, amount = notes.pop()
    kv.chat().put(month, notes)
    reply(msg, f"Taken back: {amount} {what}")


def table(notes):
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(["day", "what", "amount"])
    # What begins like a formula would be one in a spreadsheet.
    writer.writerows([day, "'" + what if what[0] in "=+-@" else what, amount] for day, what, amount in notes)
    return text.getvalue().encode()


def moment(ms):
    return datetime.fromtimestamp(ms / 1000, timezone.utc)


def month_of(ms):
    return moment(ms).strftime("%Y-%m")


def day_of(ms):
    return moment(ms).strftime("%Y-%m-%d")
