"""The inbox: a directory of YAML files, one for each sealed message."""

import os
from datetime import datetime, timezone
from pathlib import Path

import yaml

from tidings import envelope


def store(inbox, name, message, reader):
    """Seal `message` into the directory `inbox` and return the new file's path."""
    received = datetime.now(timezone.utc)
    entry = {
        "name": name,
        "received": received.isoformat(timespec="seconds"),
        "size": len(message),
        "sealed": envelope.seal(message, reader),
    }
    inbox = Path(inbox)
    inbox.mkdir(parents=True, exist_ok=True)
    path = inbox / f"{received.strftime('%Y%m%dT%H%M%S.%fZ')}.yaml"
    partial = path.with_suffix(".partial")
    with open(partial, "x", encoding="utf-8") as file:
        yaml.safe_dump(entry, file, allow_unicode=True, sort_keys=False)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    return path


def entries(inbox, private=None):
    """What the directory `inbox` holds, oldest first; with a private key also the `text` of each message."""
    found = []
    for path in sorted(Path(inbox).glob("*.yaml")):
        entry = yaml.safe_load(path.read_text("utf-8"))
        if private is not None:
            entry["text"] = envelope.unseal(entry["sealed"], private).decode("utf-8", "replace")
        found.append(entry)
    return found
