"""The configuration of tidingsd: the package's own defaults, and what a file says instead."""

import tomllib
from importlib.resources import files


class ConfigError(Exception):
    """A configuration file that cannot be used, and why."""


def load(path=None):
    """The defaults of data/tidings.toml with the keys of the file at `path` over them."""
    config = tomllib.loads(files("tidings").joinpath("data/tidings.toml").read_text("utf-8"))
    if path is None:
        return config
    try:
        with open(path, "rb") as file:
            given = tomllib.load(file)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: {error}") from error
    unknown = sorted(key for key in given if key not in config)
    if unknown:
        raise ConfigError(f"{path}: unknown: {', '.join(unknown)}; known: {', '.join(sorted(config))}")
    config |= given
    if config["notify_url"] and not str(config["notify_url"]).startswith(("http://", "https://")):
        raise ConfigError(f"{path}: notify_url is no HTTP address")
    return config
