"""The inbox: a directory of TOML files, one for each sealed message."""

import os
import tomllib
from datetime import datetime, timezone
from pathlib import Path

import tomli_w

from tidings import envelope


def store(inbox, name, message, reader):
    """Seal `message` into the directory `inbox` and return the new file's path."""
    received = datetime.now(timezone.utc)
    entry = {
        # a file name need not be text
        "name": os.fsencode(name).decode("utf-8", "replace"),
        "received": received.isoformat(timespec="seconds"),
        "size": len(message),
        "sealed": envelope.seal(message, reader),
    }
    inbox = Path(inbox)
    inbox.mkdir(parents=True, exist_ok=True)
    path = inbox / f"{received.strftime('%Y%m%dT%H%M%S.%fZ')}.toml"
    partial = path.with_suffix(".partial")
    with open(partial, "xb") as file:
        tomli_w.dump(entry, file, multiline_strings=True)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    return path


def entries(inbox, private=None):
    """What the directory `inbox` holds, oldest first; with a private key also the `text` of each message."""
    found = []
    for path in sorted(Path(inbox).glob("*.toml")):
        entry = tomllib.loads(path.read_text("utf-8"))
        if private is not None:
            entry["text"] = envelope.unseal(entry["sealed"], private).decode("utf-8", "replace")
        found.append(entry)
    return found
