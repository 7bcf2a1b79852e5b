#!/usr/bin/python3
"""conformance.py: does `rustvenv install` leave what pip leaves? Called by conformance.sh and conformance-lock.sh.

    conformance.py lock REPORT            a report of `pip install --dry-run --report` as a lock file, to standard output
    conformance.py run OPTIONS PROJECT... install each project with both, compare, print a table
    conformance.py compare PIP OURS WHEEL...  compare two environments of these wheels, print what was found as JSON

For each project two environments are made of the same wheels: one by pip, which stays where it is, and one by
`rustvenv install` in a source package with a signed list, which is moved before anything of it runs. Then

- every path, kind, executable bit and content is compared, and every row of RECORD;
- every top-level module and every extension module is imported from both;
- every script is run with --help from both.

Where the two may differ on purpose is said in rustvenv(7), DIFFERENCES FROM PIP; the names there and those of
`Differences` below have to be the same. Whatever else differs is a failure.
Exit status of `run`: 0 all equal, 1 not so.
"""

import argparse
import base64
import collections
import configparser
import csv
import hashlib
import json
import os
import pathlib
import re
import shutil
import signal
import stat
import subprocess
import sys
import threading
import zipfile

MANUAL = pathlib.Path(__file__).parent.parent / "man/rustvenv.7"
SECTION = "DIFFERENCES FROM PIP"
IMPORT_SECONDS = 180
SCRIPT_SECONDS = 120


def normal(name):
    """The normal form of a project's name."""
    return re.sub(r"[-_.]+", "-", name).lower()


def lock(report):
    """Prints the lock file of what pip would install."""
    with open(report, encoding="utf-8") as file:
        items = json.load(file)["install"]
    rows = []
    for item in items:
        digest = item["download_info"]["archive_info"]["hashes"]["sha256"]
        rows.append(f"{normal(item['metadata']['name'])}=={item['metadata']['version']} --hash=sha256:{digest}")
    print(*sorted(rows), sep="\n")


def documented():
    """The names of the differences that the manual lists."""
    section = MANUAL.read_text(encoding="utf-8").partition(f".Sh {SECTION}\n")[2].partition("\n.Sh ")[0]
    return set(re.findall(r"^\.It Sy (\S+)$", section, re.M))


def hold_to_the_manual():
    """Ends the program when the manual lists other differences than this allows."""
    if documented() != Differences.NAMES:
        sys.exit(f"{MANUAL} and this program list other differences: {sorted(documented() ^ Differences.NAMES)}")


class Differences:
    """What may differ, by name, and how often it did. A row of the manual for each."""

    NAMES = {"environment", "installer", "requested", "record", "launcher", "script-line", "script-mode", "byte-code",
             "record-signature"}

    def __init__(self):
        self.used = collections.Counter()

    def allow(self, name):
        """Counts one use of the difference `name`."""
        assert name in self.NAMES, name
        self.used[name] += 1


def listing(root):
    """Path below `root` to (kind, executable, content); directories as they are, links by what they say."""
    found = {}
    for directory, directories, files in os.walk(root):
        for name in directories + files:
            path = os.path.join(directory, name)
            status = os.lstat(path)
            relative = os.path.relpath(path, root)
            if stat.S_ISLNK(status.st_mode):
                found[relative] = ("link", False, os.readlink(path))
            elif stat.S_ISDIR(status.st_mode):
                found[relative] = ("directory", True, "")
            elif stat.S_ISREG(status.st_mode):
                with open(path, "rb") as file:
                    digest = hashlib.file_digest(file, "sha256").hexdigest()
                found[relative] = ("file", bool(status.st_mode & 0o111), digest)
            else:
                found[relative] = ("special", False, "")
    return found


OWN_PIP = re.compile(r"(pyvenv\.cfg|lib64|include(/python3\.\d+)?|bin/([Aa]ctivate([.].*)?|python[0-9.]*))")
OWN_OURS = re.compile(r"(pyvenv\.cfg|share/rustvenv(/.*)?|bin/(activate([.].*)?|python[0-9.]*))")
TARGET = re.compile(rb"^from ([\w.]+) import (\w+)\n(?:.*\n)*?\s*sys\.exit\(([\w.]+)\(\)\)\n", re.M)


def is_byte_code(path):
    """In __pycache__."""
    return path.endswith(".pyc") and os.path.basename(os.path.dirname(path)) == "__pycache__"


def target(path):
    """(module, attribute) that the launcher at `path` calls."""
    found = TARGET.search(path.read_bytes())
    if not found or found[3].split(b".")[0] != found[2]:
        return None
    return found[1].decode(), found[3].decode()


class Wheels:
    """What the wheels themselves say about scripts, read without either installer."""

    def __init__(self, files):
        self.entry_points, self.shipped = {}, {}
        for file in files:
            with zipfile.ZipFile(file) as archive:
                for name in archive.namelist():
                    top, _, rest = name.partition("/")
                    if top.endswith(".dist-info") and rest == "entry_points.txt":
                        parser = configparser.ConfigParser(delimiters=("=",), interpolation=None)
                        parser.optionxform = str
                        parser.read_string(archive.read(name).decode())
                        for group in ("console_scripts", "gui_scripts"):
                            if parser.has_section(group):
                                for script, value in parser.items(group):
                                    module, _, attribute = value.partition("[")[0].strip().partition(":")
                                    self.entry_points[script] = module.strip(), attribute.strip()
                    elif top.endswith(".data") and rest.startswith("scripts/") and not name.endswith("/"):
                        self.shipped[rest.removeprefix("scripts/")] = archive.read(name)


class Comparison:
    """The trees `pip` and `ours` of one project."""

    def __init__(self, pip, ours, wheels, differences):
        self.pip, self.ours, self.wheels, self.differences = pip, ours, wheels, differences
        self.theirs, self.mine = listing(pip), listing(ours)
        self.problems = []

    def run(self):
        """Compares; the number of files that are in both."""
        files = 0
        for path in sorted(self.theirs.keys() | self.mine.keys()):
            theirs, mine = self.theirs.get(path), self.mine.get(path)
            if theirs and mine and theirs[0] == mine[0] == "file":
                files += 1
            if theirs != mine and not self.is_designed(path, theirs, mine):
                self.problems.append(f"{path}: pip has {theirs}, rustvenv has {mine}")
        return files

    def is_designed(self, path, theirs, mine):
        """Whether the difference is one that the manual lists."""
        name = os.path.basename(path)
        in_dist_info = os.path.basename(os.path.dirname(path)).endswith(".dist-info")
        if (theirs and OWN_PIP.fullmatch(path)) or (mine and OWN_OURS.fullmatch(path)):
            return self.allow("environment")
        if "directory" in ((theirs or mine)[0], (mine or theirs)[0]):
            # directories that exist only for what differs: byte code, our documents, pip's own
            tree, other = (self.theirs, OWN_PIP) if theirs else (self.mine, OWN_OURS)
            below = [p for p in tree if p.startswith(path + "/") and tree[p][0] != "directory"]
            if below and not (theirs and mine) and all(is_byte_code(p) or other.fullmatch(p) for p in below):
                return self.allow("byte-code" if is_byte_code(below[0]) else "environment")
            return False
        if theirs and not mine and self.is_left_out(path):
            return self.allow("byte-code")
        if in_dist_info and name in ("RECORD.jws", "RECORD.p7s") and theirs and not mine:
            return self.allow("record-signature")
        if in_dist_info and name == "INSTALLER" and theirs and mine:
            texts = (self.pip / path).read_bytes(), (self.ours / path).read_bytes()
            return texts == (b"pip\n", b"dh-rustvenv\n") and self.allow("installer")
        if in_dist_info and name == "REQUESTED" and theirs and not mine:
            return self.allow("requested")
        if in_dist_info and name == "RECORD" and theirs and mine:
            return self.same_record(path) and self.allow("record")
        if path.startswith("bin/") and theirs and mine:
            return self.same_script(path, theirs, mine)
        return False

    def is_left_out(self, path):
        """Byte code in __pycache__, or beside its source."""
        return is_byte_code(path) or (path.endswith(".pyc") and path.removesuffix("c") in self.theirs)

    def allow(self, name):
        self.differences.allow(name)
        return True

    def same_script(self, path, theirs, mine):
        name = path.removeprefix("bin/")
        if not mine[1]:
            return False
        if name in self.wheels.entry_points:
            wanted = self.wheels.entry_points[name]
            if theirs[1] and target(self.pip / path) == wanted == target(self.ours / path):
                return self.allow("launcher")
            return False
        shipped = self.wheels.shipped.get(name)
        if shipped is None:
            return False
        if not theirs[1]:
            self.allow("script-mode")
        if theirs[2] == mine[2]:
            return True
        _, _, body = (self.pip / path).read_bytes().partition(b"\n")
        first, _, own = (self.ours / path).read_bytes().partition(b"\n")
        # what the first line has to be is shown by running it
        same = shipped.startswith(b"#!python") and body == own == shipped.partition(b"\n")[2] and first.startswith(b"#!/")
        return same and self.allow("script-line")

    def same_record(self, path):
        """RECORD lists the same files, and each row of ours is true."""
        site = os.path.dirname(os.path.dirname(path))
        rows = []
        for root in (self.pip, self.ours):
            with open(root / path, encoding="utf-8", newline="") as file:
                rows.append({row[0]: (row[1], row[2]) for row in csv.reader(file) if row})
        theirs, mine = rows
        for row in sorted(theirs.keys() ^ mine.keys()):
            left_out = self.is_left_out(os.path.normpath(os.path.join(site, row))) or row.endswith(
                (".dist-info/REQUESTED", ".dist-info/RECORD.jws", ".dist-info/RECORD.p7s"))
            # pip also keeps rows of files that it did not install
            if row in mine or not (left_out or not (self.pip / site / row).exists()):
                self.problems.append(f"{path}: the row `{row}` is in one of the two only")
                return False
        for row, (digest, size) in mine.items():
            if row == os.path.relpath(path, site):
                continue
            content = (self.ours / site / row).read_bytes()
            true = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
            if (digest, size) != (f"sha256={true}", str(len(content))):
                self.problems.append(f"{path}: the row `{row}` is not true")
                return False
        return True


# ---- running

def modules(site):
    """Top-level modules below `site`, of namespace packages the packages in them; and every extension module."""
    def portions(directory, prefix):
        for entry in sorted(directory.iterdir()):
            name = entry.name.split(".")[0]
            if not name.isidentifier():
                continue
            if entry.is_dir() and "." not in entry.name and entry.name != "__pycache__":
                if (entry / "__init__.py").exists() or list(entry.glob("__init__.*.so")):
                    yield prefix + name
                else:
                    yield from portions(entry, f"{prefix}{name}.")
            elif entry.suffix == ".py" or is_extension(entry.name):
                if name != "__init__":
                    yield prefix + name

    top = list(dict.fromkeys(portions(site, "")))
    extensions = []
    for path in sorted(site.rglob("*.so")):
        parts = path.relative_to(site).with_name(path.name.split(".")[0]).parts
        if is_extension(path.name) and all(part.isidentifier() for part in parts):
            extensions.append(".".join(parts))
    return top, [name for name in dict.fromkeys(extensions) if name not in top]


def is_extension(name):
    return re.fullmatch(r"[^.]+\.(cpython-\d+-[\w-]+|abi3)\.so|(?!lib)[^.]+\.so", name) is not None


# Runs in the environment's own interpreter. Modules are imported each in a process of its own,
# those of `together` in one, and once more alone if that failed.
IMPORTER = r'''
import importlib, json, os, select, signal, sys, time
apart, together, seconds, place = json.loads(sys.stdin.read())
os.chdir(place)
prefix = os.path.realpath(sys.prefix)

def outcome(name):
    try:
        module = importlib.import_module(name)
        file = getattr(module, "__file__", None)
        where = os.path.realpath(file) if file else "-"
        inside = where.startswith(prefix + "/")
        return "ok " + (os.path.relpath(where, prefix) if inside else "elsewhere")
    except BaseException as error:
        return "raises " + type(error).__name__

def child(names):
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)
        for name in names:
            os.write(write, json.dumps([name, outcome(name)]).encode() + b"\n")
        os._exit(0)
    os.close(write)
    data, limit = b"", time.monotonic() + seconds * (1 + len(names) // 20)
    while True:
        ready, _, _ = select.select([read], [], [], max(0, limit - time.monotonic()))
        piece = os.read(read, 65536) if ready else None
        if not piece:
            break
        data += piece
    ended = "ended early" if ready else "timed out"
    try:
        os.killpg(pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    _, status = os.waitpid(pid, 0)
    if ready and os.WIFSIGNALED(status):
        ended += " by signal"
    os.close(read)
    found = dict(json.loads(line) for line in data.splitlines())
    return {name: found.get(name, ended) for name in names}

result = {}
if together:
    result.update(child(together))
# what one module does must not be the fault of another
for name in apart + [name for name in together if not result[name].startswith("ok ")]:
    result.update(child([name]))
print(json.dumps(result))
'''


class Surroundings:
    """How programs of one environment are run."""

    def __init__(self, root, scratch, namespace):
        self.root, self.namespace = root, namespace
        self.home = scratch / "home"
        self.home.mkdir(parents=True)
        self.environment = {
            "PATH": f"{root}/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "HOME": str(self.home),
            "TMPDIR": str(self.home),
            "LC_ALL": "C.UTF-8",
            "COLUMNS": "100",
            "QT_QPA_PLATFORM": "offscreen",
            "MPLBACKEND": "Agg",
            "NO_COLOR": "1",
            # compiled once, and not into the tree
            "PYTHONPYCACHEPREFIX": str(scratch / "pycache"),
        }

    def run(self, argv, seconds, **more):
        """Runs `argv` in a session of its own; (status, output), where the status may be a word."""
        process = subprocess.Popen(
            [*self.namespace, *map(str, argv)], cwd=self.home, env=self.environment, start_new_session=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=more.get("stdin", subprocess.DEVNULL))
        try:
            output, _ = process.communicate(more.get("input"), timeout=seconds)
            status = process.returncode
        except subprocess.TimeoutExpired:
            status, output = "timed out", b""
        try:
            os.killpg(process.pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
        process.wait()
        return status, output

    def imports(self, apart, together):
        """Module to outcome."""
        python = self.root / "bin/python"
        task = json.dumps([apart, together, IMPORT_SECONDS, str(self.home)]).encode()
        # -I would also ignore PYTHONPYCACHEPREFIX
        argv = [python, "-I", "-X", f"pycache_prefix={self.environment['PYTHONPYCACHEPREFIX']}", "-c", IMPORTER]
        status, output = self.run(argv, 3600, stdin=subprocess.PIPE, input=task)
        try:
            return json.loads(output.splitlines()[-1])
        except (IndexError, ValueError):
            return {name: f"importer failed with {status}" for name in apart + together}

    def helps(self, scripts):
        """Script to exit status."""
        return {name: self.run([self.root / "bin" / name, "--help"], SCRIPT_SECONDS)[0] for name in scripts}


def both(function, *environments):
    """`function` of each, at the same time."""
    results = [None] * len(environments)

    def call(index):
        results[index] = function(environments[index])

    threads = [threading.Thread(target=call, args=(index,)) for index in range(len(environments))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return results


# ---- one project

class Refused(Exception):
    """An installer that did not install."""


CONTROL = """\
Source: conformance
Section: misc
Priority: optional
Maintainer: Conformance <conformance@invalid>
Build-Depends: debhelper-compat (= 13), dh-sequence-rustvenv
Standards-Version: 4.6.2

Package: app
Architecture: any
Depends: ${misc:Depends}
Description: what one lock file names
 It is compared with what pip installs.
"""

CHANGELOG = """\
conformance (1) unstable; urgency=medium

  * Installed.

 -- Conformance <conformance@invalid>  {date}
"""


class Project:
    """One lock file and the room where it is installed twice."""

    def __init__(self, name, options):
        self.name, self.options = name, options
        self.room = pathlib.Path(options.work) / "rooms" / name
        shutil.rmtree(self.room, ignore_errors=True)
        self.room.mkdir(parents=True)
        self.lock = pathlib.Path(f"tests/conformance/{name}.txt").resolve()
        self.files = []
        for line in self.lock.read_text(encoding="utf-8").splitlines():
            digest = re.search(r"--hash=sha256:([0-9a-f]{64})$", line)
            self.files.append((digest[1], options.by_digest[digest[1]]))

    def logged(self, log, argv, **more):
        with open(self.room / log, "wb") as file:
            status = subprocess.run(list(map(str, argv)), stdout=file, stderr=subprocess.STDOUT,
                                    stdin=subprocess.DEVNULL, check=False, **more).returncode
        if status:
            raise Refused(f"{log}: " + (self.room / log).read_text(errors="replace"))

    def with_pip(self):
        """The environment that pip makes."""
        root = self.room / "pip"
        environment = {"PATH": "/usr/bin:/bin", "HOME": str(self.room), "LC_ALL": "C.UTF-8",
                       "PIP_CONFIG_FILE": os.devnull}
        self.logged("venv.log", ["/usr/bin/python3", "-m", "venv", "--without-pip", root], env=environment)
        self.logged("pip.log", [
            self.options.pip, "-m", "pip", "--python", root / "bin/python", "install", "--quiet", "--no-deps", "--no-index",
            "--require-hashes", "--no-compile", "--disable-pip-version-check",
            "--find-links", self.options.wheels, "--requirement", self.lock,
        ], env=environment, umask=0o022)
        return root

    def with_rustvenv(self):
        """The environment that rustvenv makes, moved away from where it made it."""
        tree = self.room / "source"
        for directory in ("debian/signers", "wheels"):
            (tree / directory).mkdir(parents=True)
        date = subprocess.run(["date", "--rfc-email"], capture_output=True, check=True, text=True).stdout.strip()
        shutil.copy(self.lock, tree / "requirements.txt")
        shutil.copy(self.options.certificate, tree / "debian/signers/signer.asc")
        for path, text in (("control", CONTROL), ("changelog", CHANGELOG.format(date=date)),
                           ("app.rustvenv", 'project = "none"\n')):
            (tree / "debian" / path).write_text(text, encoding="utf-8")
        rows = []
        for digest, file in self.files:
            (tree / "wheels" / file.name).symlink_to(file)
            rows.append(f"{digest}  {file.name}\n")
        sums = tree / "wheels/sha256sums.txt"
        sums.write_text("".join(rows), encoding="utf-8")
        self.logged("gpg.log", ["gpg", "--homedir", self.options.gnupg, "--batch", "--quiet", "--pinentry-mode", "loopback",
                                "--passphrase", "", "--armor", "--detach-sign", sums])
        environment = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/nonexistent", "LC_ALL": "C.UTF-8"}
        self.logged("rustvenv.log", [self.options.rustvenv, "install", "--package", "app", "--facts", "facts"],
                    cwd=tree, env=environment)
        moved = self.room / "moved to/another place"
        moved.parent.mkdir()
        (tree / "debian/app/opt/venvs/app").rename(moved)
        return moved

    def run(self):
        """Installs, compares and runs; a row of the table."""
        row = {"project": self.name, "wheels": len(self.files), "files": 0, "modules": 0, "imported": 0, "scripts": 0,
               "ran": 0, "problems": []}
        problems = row["problems"]
        try:
            pip, ours = self.with_pip(), self.with_rustvenv()
        except Refused as refused:
            problems.append(str(refused))
            return row
        wheels = Wheels([file for _, file in self.files])
        comparison = Comparison(pip, ours, wheels, self.options.differences)
        row["files"] = comparison.run()
        problems += comparison.problems

        site = next((pip / "lib").glob("python3.*")) / "site-packages"
        apart, together = modules(site)
        scripts = sorted({*wheels.entry_points, *wheels.shipped})
        places = [Surroundings(root, self.room / f"scratch-{number}", self.options.namespace)
                  for number, root in enumerate((pip, ours))]
        theirs, mine = both(lambda place: place.imports(apart, together), *places)
        for name, outcome in theirs.items():
            if outcome != mine.get(name):
                problems.append(f"import {name}: from pip's tree `{outcome}`, from the moved one `{mine.get(name)}`")
        row["modules"], row["imported"] = len(theirs), sum(x.startswith("ok ") for x in mine.values())
        row["outcomes"] = {name: outcome for name, outcome in mine.items() if not outcome.startswith("ok ")}
        theirs, mine = both(lambda place: place.helps(scripts), *places)
        for name, status in theirs.items():
            if status != mine[name]:
                problems.append(f"{name} --help: status {status} from pip's tree, {mine[name]} from the moved one")
        row["scripts"], row["ran"] = len(theirs), sum(status == 0 for status in mine.values())
        row["statuses"] = {name: status for name, status in mine.items() if status != 0}
        # Twisted, for one, writes a cache beside its plugins; what pip installed does the same
        changed = [{path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
                   for before, after in ((comparison.theirs, listing(pip)), (comparison.mine, listing(ours)))]
        if changed[0] != changed[1]:
            problems.append(f"running it changed {sorted(changed[0])} in pip's tree, {sorted(changed[1])} in the moved one")
        if not self.options.keep and not problems:
            shutil.rmtree(self.room)
        return row


def run(options):
    """Every project; prints the table, and writes what was found to results.json."""
    hold_to_the_manual()
    options.differences = Differences()
    options.by_digest = {}
    for file in sorted(pathlib.Path(options.wheels).glob("*.whl")):
        options.by_digest[hashlib.file_digest(file.open("rb"), "sha256").hexdigest()] = file.resolve()
    # without a network where the kernel allows that, so that the two environments see the same world
    options.namespace = ["unshare", "--map-root-user", "--net", "--"]
    if subprocess.run([*options.namespace, "true"], check=False, capture_output=True).returncode:
        options.namespace = []
        print("note: no network namespace on this machine: what is run may reach the network", file=sys.stderr)
    line = "{:<30} {:>6} {:>7} {:>11} {:>9}  {}"
    print(line.format("project", "wheels", "files", "modules", "scripts", "verdict"))
    rows = []
    for name in options.projects:
        row = Project(name, options).run()
        rows.append(row)
        verdict = "equal" if not row["problems"] else "DIFFERS"
        print(line.format(row["project"], row["wheels"], row["files"], f"{row['imported']}/{row['modules']}",
                          f"{row['ran']}/{row['scripts']}", verdict), flush=True)
        for problem in row["problems"][:20]:
            print("    " + problem[:2000].replace("\n", "\n    "), flush=True)
    (pathlib.Path(options.work) / "results.json").write_text(json.dumps(rows, indent=1), encoding="utf-8")
    equal = sum(not row["problems"] for row in rows)
    print(f"{equal} of {len(rows)} equal")
    for name in sorted(Differences.NAMES):
        print(f"    {name}: {options.differences.used[name]}")
    return 0 if equal == len(rows) else 1


def compare(options):
    """Two environments that are there."""
    hold_to_the_manual()
    differences = Differences()
    comparison = Comparison(options.pip, options.ours, Wheels(options.wheels), differences)
    files = comparison.run()
    print(json.dumps({"problems": comparison.problems, "files": files, "differences": sorted(differences.used)}))
    return 1 if comparison.problems else 0


def main():
    parser = argparse.ArgumentParser()
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("lock").add_argument("report")
    comparer = commands.add_parser("compare")
    for argument, count in (("pip", None), ("ours", None), ("wheels", "+")):
        comparer.add_argument(argument, type=pathlib.Path, nargs=count)
    runner = commands.add_parser("run")
    for option in ("rustvenv", "pip", "wheels", "work", "gnupg", "certificate"):
        runner.add_argument(f"--{option}", required=True)
    runner.add_argument("--keep", action="store_true")
    runner.add_argument("projects", nargs="+")
    options = parser.parse_args()
    if options.command == "lock":
        lock(options.report)
        return 0
    return compare(options) if options.command == "compare" else run(options)


if __name__ == "__main__":
    sys.exit(main())
