"""Calls the hooks of a build back end (PEP 517) in the interpreter that runs this file.

Usage: pep517_hook.py PHASE REQUEST

PHASE is `look`, which reports what is installed and what the back end requires, or `build`, which makes the wheel.
REQUEST is a JSON file with the back end, the directories that it may come from, the site to build in, and where the
answer goes. The answer is JSON in a file of its own: standard output belongs to the back end. The working directory is
the root of the source tree.
"""

import os
import sys


class Listing:
    """What os.scandir returns, in the order of the names."""

    def __init__(self, entries):
        with entries:
            self._entries = iter(sorted(entries, key=lambda entry: entry.name))

    def __iter__(self):
        return self

    def __next__(self):
        return next(self._entries)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self._entries = iter(())


def sort_directories():
    """Makes every directory list in one order: that of the file system follows a seed, and ends up in what is built."""
    listdir, scandir = os.listdir, os.scandir
    os.listdir = lambda path=".": sorted(listdir(path))
    os.scandir = lambda path=".": Listing(scandir(path))


class Names:
    """Names for temporary files, one after the other."""

    def __init__(self):
        self._number = 0

    def __iter__(self):
        return self

    def __next__(self):
        self._number += 1
        return "%08d" % self._number


def number_temporary_files():
    """Names temporary files in the order in which they are made: some back ends compile in a temporary directory, and its
    name ends up in what is built. One that is taken is skipped, as for random names; the directory is private.
    """
    import tempfile

    tempfile._name_sequence = Names()


def set_path(request):
    """Leaves the standard library, the site that was asked for and the back end's own directories on sys.path."""
    here = os.path.dirname(os.path.realpath(__file__))
    if request["site"] == "distribution":
        # started with -S: nothing below /usr/local and no file of the user has run
        import site

        site.setquit()
        site.setcopyright()
        site.sethelper()
        versioned = "/usr/lib/python%d.%d/dist-packages" % sys.version_info[:2]
        for directory in ("/usr/lib/python3/dist-packages", versioned):
            if os.path.isdir(directory):
                site.addsitedir(directory)
    sys.path[:] = [
        entry
        for entry in sys.path
        if entry and os.path.realpath(entry) != here and not (entry + "/").startswith("/usr/local/")
    ]
    sys.path[:0] = request["backend_path"]


def load(request):
    """The back end's object; it has to come from `backend-path` where that is given."""
    import importlib

    name, _, attributes = request["backend"].partition(":")
    module = importlib.import_module(name)
    if request["backend_path"]:
        file = os.path.realpath(getattr(module, "__file__", None) or "")
        if not any(file.startswith(os.path.realpath(path) + os.sep) for path in request["backend_path"]):
            raise ImportError("the build back end %s is not in backend-path, but in %s" % (name, file))
    found = module
    for attribute in filter(None, attributes.split(".")):
        found = getattr(found, attribute)
    return found


def installed():
    """Every distribution on sys.path; of two with one name the first, which is the one that is imported."""
    from importlib import metadata

    found = {}
    for distribution in metadata.distributions():
        try:
            fields = distribution.metadata
            name, version = fields["Name"], fields["Version"]
            requires = distribution.requires or []
        except Exception as error:  # one broken directory is no reason not to build
            print("ignored: metadata that cannot be read: %s" % error, file=sys.stderr)
            continue
        if name and version:
            found.setdefault(name, {"name": name, "version": version, "requires": list(requires)})
    return [found[name] for name in sorted(found)]


def modules():
    import pkgutil

    return sorted({module.name for module in pkgutil.iter_modules()})


def write(path, answer):
    import json

    with open(path + ".new", "w", encoding="utf-8") as file:
        json.dump(answer, file, sort_keys=True)
    os.replace(path + ".new", path)


def look(request):
    import platform

    answer = {
        "python": ".".join(map(str, sys.version_info[:3])),
        "machine": platform.machine(),
        "distributions": installed(),
        "modules": modules(),
        "requires": None,
    }
    # written first: when the back end is missing, this says why
    write(request["result"], answer)
    hook = getattr(load(request), "get_requires_for_build_wheel", None)
    answer["requires"] = list(hook(None)) if hook else []
    write(request["result"], answer)


def build(request):
    name = load(request).build_wheel(request["wheel_directory"], None, None)
    write(request["result"], {"wheel": name})


def main():
    import json

    phase, path = sys.argv[1:]
    sys.argv[1:] = []
    with open(path, encoding="utf-8") as file:
        request = json.load(file)
    os.umask(0o022)
    number_temporary_files()
    set_path(request)
    {"look": look, "build": build}[phase](request)


if __name__ == "__main__":
    # before anything else is imported, because some modules keep a reference to what they found
    sort_directories()
    main()
