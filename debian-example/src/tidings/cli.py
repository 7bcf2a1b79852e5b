"""The command `tidings`."""

import click

from tidings import envelope, inbox, report


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tidings", message="%(prog)s %(version)s")
def main():
    """Seal short messages to a reader's key, open them, and report on what has arrived."""


@main.command()
@click.argument("keyfile", type=click.Path(dir_okay=False))
def keygen(keyfile):
    """Write a new private key to KEYFILE and print its public key."""
    try:
        click.echo(envelope.generate(keyfile))
    except FileExistsError as error:
        raise click.ClickException(f"{keyfile} exists; a key is never overwritten") from error


@main.command()
@click.option("--to", "reader", required=True, metavar="KEY", help="The reader's public key (tidings1:…).")
@click.argument("message", type=click.File("rb"), default="-")
def seal(reader, message):
    """Seal MESSAGE (a file, or standard input) so that only the reader can open it."""
    with _as_click_errors():
        click.echo(envelope.seal(message.read(), envelope.parse_public(reader)), nl=False)


@main.command("open")
@click.option("--key", required=True, type=click.Path(exists=True, dir_okay=False), help="The private key file.")
@click.argument("sealed", type=click.File("r"), default="-")
def open_(key, sealed):
    """Open SEALED (a file, or standard input) and print the message."""
    with _as_click_errors():
        message = envelope.unseal(sealed.read(), envelope.load_private(key))
    click.get_binary_stream("stdout").write(message)


@main.command("report")
@click.option("--key", type=click.Path(exists=True, dir_okay=False), help="Open the messages with this key.")
@click.option("--template", type=click.Path(exists=True, dir_okay=False), help="A Jinja2 template of your own.")
@click.argument("directory", type=click.Path(exists=True, file_okay=False), default="/var/lib/tidings/inbox")
def report_(key, template, directory):
    """Report on the messages in DIRECTORY."""
    with _as_click_errors():
        private = envelope.load_private(key) if key else None
        click.echo(report.render(inbox.entries(directory, private), template), nl=False)


class _as_click_errors:
    """What is wrong with a key or a message is the user's to know, in one line."""

    def __enter__(self):
        return self

    def __exit__(self, kind, error, trace):
        if isinstance(error, envelope.EnvelopeError):
            raise click.ClickException(str(error)) from error
        return False
