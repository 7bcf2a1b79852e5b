"""The command `tidingsd`: seal what arrives in the spool directory, and say so."""

import http.client
import json
import logging
import time
import urllib.request
from pathlib import Path

import click

from tidings import config, envelope, inbox

log = logging.getLogger("tidingsd")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tidings", message="%(prog)s %(version)s")
@click.option("--config", "path", type=click.Path(exists=True, dir_okay=False), help="The configuration file.")
@click.option("--once", is_flag=True, help="Look once, settled or not, and leave.")
def main(path, once):
    """Seal each file that arrives in the spool directory into the inbox and remove it."""
    logging.basicConfig(level=logging.INFO, format="%(name)s: %(message)s")
    try:
        settings = config.load(path)
        if not settings["reader"]:
            raise config.ConfigError("no `reader`: there is no key to seal to")
        reader = envelope.parse_public(settings["reader"])
    except (config.ConfigError, envelope.EnvelopeError) as error:
        raise click.ClickException(str(error)) from error

    Path(settings["spool"]).mkdir(parents=True, exist_ok=True)
    if once:
        sweep(settings, reader, settle=0)
        return
    log.info("watching %s", settings["spool"])
    while True:
        sweep(settings, reader, settle=settings["settle_seconds"])
        time.sleep(settings["poll_seconds"])


def sweep(settings, reader, settle):
    """Seal every file of the spool directory that has not changed for `settle` seconds."""
    for path in sorted(Path(settings["spool"]).iterdir()):
        if path.name.startswith(".") or path.is_symlink() or not path.is_file():
            continue
        if time.time() - path.stat().st_mtime < settle:
            continue
        message = path.read_bytes()
        inbox.store(settings["inbox"], path.name, message, reader)
        path.unlink()  # only now: what cannot be stored stays where it is
        log.info("sealed %s, %d bytes", path.name, len(message))
        notify(settings, {"name": path.name, "size": len(message)})


def notify(settings, news):
    """Tell `notify_url`, if there is one. A message is safe whether or not anybody heard of it."""
    if not settings["notify_url"]:
        return
    body = json.dumps(news).encode("utf-8")
    try:
        request = urllib.request.Request(settings["notify_url"], body, {"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=settings["notify_timeout_seconds"]):
            pass
    except (OSError, ValueError, http.client.HTTPException) as error:
        log.warning("could not notify: %s", error)
