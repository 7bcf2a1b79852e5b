"""The configuration of tidingsd: the package's own defaults, and what a file says instead."""

from importlib.resources import files

import yaml


class ConfigError(Exception):
    """A configuration file that cannot be used, and why."""


def load(path=None):
    """The defaults of data/tidings.yaml with the keys of the file at `path` over them."""
    config = yaml.safe_load(files("tidings").joinpath("data/tidings.yaml").read_text("utf-8"))
    if path is None:
        return config
    with open(path, encoding="utf-8") as file:
        try:
            given = yaml.safe_load(file)
        except yaml.YAMLError as error:
            raise ConfigError(f"{path}: {error}") from error
    if not isinstance(given, dict):
        raise ConfigError(f"{path}: not a list of `key: value` lines")
    unknown = sorted(str(key) for key in given if key not in config)
    if unknown:
        raise ConfigError(f"{path}: unknown: {', '.join(unknown)}; known: {', '.join(sorted(config))}")
    return config | given
