#!/usr/bin/python3
"""peers.py run CORPUS TOOLS RESULTS PART PARTS [ROW...]: installs rows of the hostile corpus, every PARTSth from PART, or of these
those that are named, with pip and uv, and writes what became of them.
peers.py table CORPUS DOCUMENT RESULTS...: writes the results into the document, between its markers.

`run` is called by peers.sh as nobody, in namespaces of its own: /tmp is empty and private, there is no network, and the rest
of the machine cannot be written to. Each installation has a directory of its own with HOME, TMPDIR, a fresh virtual
environment and files that nothing may touch. What a peer says is its exit status; what it did is found by looking.
"""

import base64
import csv
import hashlib
import io
import json
import os
import posixpath
import re
import resource
import shutil
import stat
import subprocess
import sys
import time
import zipfile
from pathlib import Path

PYTHON = "/usr/bin/python3"
VERSION = f"python{sys.version_info[0]}.{sys.version_info[1]}"
SITE = f"lib/{VERSION}/site-packages"
RUN = Path("/tmp/run")
BEGIN = "<!-- Begin of the results. Written by `make peers`. -->\n"
END = "<!-- End of the results. -->\n"
SERVERS = {}
# what installers add to a .dist-info
GENERATED = re.compile(r"^[^/]*\.dist-info/(RECORD|INSTALLER|REQUESTED|direct_url\.json|uv_cache\.json|uv_build\.json)$")


# A pip that has started already: for each line on standard input it forks a child, which does what `pip ARGUMENT...` does.
# Starting pip takes most of the time of a small installation.
SERVER = """
import json, os, resource, runpy, sys
pip = sys.argv[1]
sys.path.insert(0, os.path.dirname(pip))
import pip._internal.commands.install, pip._internal.operations.install.wheel
import pip._internal.resolution.resolvelib.resolver, pip._internal.cli.main
import pip._internal.metadata, pip._internal.index.package_finder
for line in sys.stdin:
    job = json.loads(line)
    child = os.fork()
    if not child:
        out = os.open(job["output"], os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        os.dup2(os.open(os.devnull, os.O_RDONLY), 0), os.dup2(out, 1), os.dup2(out, 2)
        os.chdir(job["directory"])
        os.environ.clear()
        os.environ.update(job["environment"])
        for limit, value in job["limits"]:
            resource.setrlimit(limit, (value, value))
        status = 120
        try:
            status = pip._internal.cli.main.main(job["arguments"])
        except SystemExit as error:
            status = error.code if isinstance(error.code, int) else 1
        except BaseException as error:
            print(repr(error), flush=True)
        os._exit(status or 0)
    print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
"""
LIMITS = [(resource.RLIMIT_FSIZE, 1 << 30), (resource.RLIMIT_CPU, 180), (resource.RLIMIT_CORE, 0)]


class Pip:
    """A pip in the virtual environment at `environment`, whatever is in that by then."""

    def __init__(self, environment, pip):
        command = [environment / "bin/python", "-c", SERVER, pip]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd="/")

    def __call__(self, arguments, directory, environment, output):
        job = {"arguments": arguments, "directory": str(directory), "environment": environment}
        self.process.stdin.write(json.dumps({**job, "output": str(output), "limits": LIMITS}) + "\n")
        self.process.stdin.flush()
        return int(self.process.stdout.readline())


def peers(tools):
    """Name, shown name, program, arguments that install; `{lock}`, `{links}`, `{python}` and `{files}` are filled in."""
    hashed = ["--no-deps", "--no-index", "--find-links", "{links}", "--require-hashes", "-r", "{lock}"]
    pip = ["--isolated", "install", "--quiet", "--no-input", "--no-cache-dir", "--no-compile", "--disable-pip-version-check"]
    new, old, uv = str(tools / "pip/pip"), "/usr/lib/python3/dist-packages/pip", str(tools / "uv/bin/uv")
    uv_install = ["pip", "install", "--quiet", "--offline", "--no-cache", "--no-config", "--link-mode=copy", "--python", "{python}"]
    version = lambda command: subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()[1]
    return [
        ("pip", f"pip {version([PYTHON, new, '--version'])}", new, [*pip, *hashed]),
        ("debian", f"Debian's pip {version([PYTHON, old, '--version'])}", old, [*pip, *hashed]),
        ("uv", f"uv {version([uv, '--version'])}", uv, [*uv_install, *hashed]),
        ("uv-path", "uv without hashes", uv, [*uv_install, "--no-deps", "--no-index", "{files}"]),
    ]


def snapshot(root):
    """Every path below `root`: mode and content, or target; not the times, which installers may set."""
    found = {}
    for directory, directories, files in os.walk(root):
        for name in directories + files:
            path = Path(directory, name)
            status = path.lstat()
            if stat.S_ISLNK(status.st_mode):
                content = os.readlink(path)
            elif stat.S_ISREG(status.st_mode):
                content = hashlib.sha256(path.read_bytes()).hexdigest()
            elif stat.S_ISDIR(status.st_mode):
                continue
            else:
                content = "special"
            found[os.fsdecode(path.relative_to(root))] = (status.st_mode, content)
    return found


def expected(files):
    """Paths in site-packages that the members of these wheels have to get, and those that they may get; None when Python cannot
    read one of the wheels."""
    paths, possible = set(), set()
    for file in files:
        try:
            with zipfile.ZipFile(file) as archive:
                for member in archive.infolist():
                    name = member.orig_filename
                    parts = name.split("/", 2)
                    if parts[0].endswith(".data") and len(parts) == 3:
                        # taken for a module by who does not take it for data
                        possible.add(name)
                        if parts[1] == "data" and parts[2].startswith(f"{SITE}/"):
                            name = parts[2][len(SITE) + 1:]
                        elif parts[1] in ("purelib", "platlib"):
                            name = parts[2]
                        else:
                            continue
                    if not name.endswith("/"):
                        paths.add(name)
        except Exception:
            return None
    return paths, possible


def record(environment, added):
    """What is wrong with the RECORDs of an environment: a set of words."""
    wrong, listed = set(), set()
    site = environment / SITE
    for file in site.glob("*.dist-info/RECORD"):
        try:
            rows = list(csv.reader(io.StringIO(file.read_bytes().decode(), newline="")))
            for path, digest, size in rows:
                real = site / path
                relative = posixpath.normpath(f"{SITE}/{path}")
                listed.add(relative)
                if real.exists():
                    # lib64 is a link
                    listed.add(os.path.relpath(os.path.realpath(real), os.path.realpath(environment)))
                if relative.startswith("..") or posixpath.isabs(path):
                    wrong.add("RECORD leads outside")
                    continue
                if GENERATED.match(path) or path.endswith(".pyc"):
                    continue
                if not real.is_file():
                    wrong.add("RECORD false")
                    continue
                algorithm, _, value = digest.partition("=")
                if algorithm not in ("sha256", "sha384", "sha512"):
                    if "RECORD." not in path:
                        wrong.add("RECORD without hash")
                    continue
                found = hashlib.new(algorithm, real.read_bytes()).digest()
                if base64.urlsafe_b64encode(found).rstrip(b"=").decode() != value:
                    wrong.add("RECORD false")
                if size and int(size) != real.stat().st_size:
                    wrong.add("RECORD false")
        except Exception:
            wrong.add("RECORD unreadable")
    if any(path not in listed and not path.endswith(".pyc") for path in added):
        wrong.add("RECORD incomplete")
    return wrong


def limits():
    """For a peer that is deceived: no file above 1 GiB, no more than three minutes of processor time."""
    for limit, value in LIMITS:
        resource.setrlimit(limit, (value, value))


def install(corpus, row, peer, program, arguments):
    place = RUN / peer
    environment, wheels = place / "venv", corpus / row["name"] / "wheels"
    shutil.rmtree(place, ignore_errors=True)
    shutil.copytree(RUN / "template", environment, symlinks=True)
    for name in ("home/.profile", "tmp/sentinel", "sentinel", "work/sentinel"):
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_text("untouched\n")
    shutil.copytree(wheels, place / "wheels")
    files = [str(place / "wheels" / name) for name in row["files"]]
    lock = row["lock"]
    if lock is None:
        hashes = "".join(f" --hash=sha256:{hashlib.sha256(Path(file).read_bytes()).hexdigest()}" for file in files)
        lock = "".join(f"{name}{hashes}\n" for name in row["locked"])
    elif peer == "uv-path":
        return None
    (place / "work/requirements.txt").write_bytes(lock.replace("@WHEELS@", str(place / "wheels")).encode())
    shutil.copytree(place / "wheels", place / "work/wheels")
    words = []
    for word in arguments:
        if word == "{files}":
            words += files
        else:
            words.append(word.format(lock="requirements.txt", links=place / "wheels", python=environment / "bin/python"))
    surroundings = {
        "PATH": "/usr/bin:/bin",
        "LC_ALL": "C.UTF-8",
        "HOME": str(place / "home"),
        "TMPDIR": str(place / "tmp"),
        "HOSTILE_RAN": str(place / "ran"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
    before, inside = snapshot(place), snapshot(environment)
    beside = set(os.listdir("/tmp"))
    try:
        if peer in ("pip", "debian"):
            if peer not in SERVERS:
                SERVERS[peer] = Pip(environment, program)
            status = SERVERS[peer](words, place / "work", surroundings, RUN / "output")
            text = (RUN / "output").read_text(errors="backslashreplace")
        else:
            done = subprocess.run(
                [program, *words], cwd=place / "work", env=surroundings, stdin=subprocess.DEVNULL, capture_output=True,
                timeout=300, preexec_fn=limits,
            )
            status, text = done.returncode, (done.stdout + done.stderr).decode(errors="backslashreplace")
    except subprocess.TimeoutExpired:
        status, text = -1, "no end after 300 seconds"
    after, now = snapshot(place), snapshot(environment)

    marks = []
    ran = (place / "ran").exists()
    changed = {path for path in before.keys() | after.keys() if before.get(path) != after.get(path)}
    outside = {path for path in changed if not path.startswith(("venv/", "tmp/", "ran")) or path == "tmp/sentinel"}
    outside |= {f"/tmp/{name}" for name in set(os.listdir("/tmp")) - beside}
    for name in set(os.listdir("/tmp")) - {"run"}:
        path = Path("/tmp", name)
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    replaced = sorted(path for path in inside if inside[path] != now.get(path))
    # uv's own lock
    added = {path for path in now if path not in inside and path != ".lock"}
    if outside:
        marks.append("**writes outside**")
    if replaced:
        marks.append("**replaces " + ", ".join(f"`{path}`" for path in replaced[:2]) + "**")
    if ran:
        marks.append("**runs code**")
    if status == 0:
        projects = {name.split("==")[0] for name in row["locked"]}
        every = peer == "uv-path"
        wanted = expected([file for file in files if every or os.path.basename(file).split("-")[0] in projects])
        if wanted is not None and added:
            wanted, possible = wanted
            want = {posixpath.normpath(f"{SITE}/{path}") for path in wanted if not path.startswith("/")}
            want |= {path for path in wanted if path.startswith("/")}
            loose = {path for path in added if path.startswith(f"{SITE}/")}
            loose = {path for path in loose if not GENERATED.match(path[len(SITE) + 1:])}
            needed = {path for path in want if not GENERATED.match(path[len(SITE) + 1:]) and ".dist-info/RECORD" not in path}
            if needed - added:
                marks.append("a file left out")
            if loose - want - {posixpath.normpath(f"{SITE}/{path}") for path in possible}:
                marks.append("a file under another name")
        if any(now[path][0] & 0o7000 for path in added if stat.S_ISREG(now[path][0])):
            marks.append("**set-user-ID**")
        marks += sorted(record(environment, added))
        if added and not ran:
            try:
                started = subprocess.run(
                    [environment / "bin/python", "-c", "pass"], cwd=place / "work", env=surroundings,
                    stdin=subprocess.DEVNULL, capture_output=True, timeout=60, preexec_fn=limits,
                ).returncode
            except OSError:
                started = -1
            if started != 0:
                marks.append("**Python starts no more**")
            if (place / "ran").exists():
                marks.append("runs at each start")
        verdict = "installed" if added else "nothing installed"
    else:
        verdict = "refused" if status > 0 else "killed" if status < 0 and status != -1 else "no end"
        if added:
            marks.append("leaves files")
    return {"verdict": "; ".join([verdict, *marks]), "status": status, "text": text[-600:]}


def run(corpus, tools, results, part, parts, *names):
    RUN.mkdir()
    subprocess.run([PYTHON, "-m", "venv", "--without-pip", RUN / "template"], check=True)
    rows = json.loads((corpus / "corpus.json").read_text())["rows"][int(part.name)::int(parts.name)]
    rows = [row for row in rows if not names or row["name"] in map(str, names)]
    all_peers, found = peers(tools), {}
    for row in rows:
        found[row["name"]] = {}
        for peer, _, program, arguments in all_peers:
            found[row["name"]][peer] = install(corpus, row, peer, program, arguments)
        if len(found) % 50 == 0:
            print(f"{len(found)} of {len(rows)}", flush=True)
    answer = {
        "date": time.strftime("%-d %B %Y", time.gmtime()),
        "python": sys.version.split()[0],
        "peers": [[peer, shown] for peer, shown, *_ in all_peers],
        "rows": found,
    }
    results.write_text(json.dumps(answer, indent=1))


def table(corpus, document, *results):
    answers, known = [json.loads(file.read_text()) for file in results], json.loads((corpus / "corpus.json").read_text())
    answer = {**answers[0], "rows": {name: row for part in answers for name, row in part["rows"].items()}}
    shown = dict(answer["peers"])
    cell = lambda name, peer: (answer["rows"][name][peer] or {"verdict": "–"})["verdict"]
    rows = [row for row in known["rows"] if row["name"] in answer["rows"]]
    hostile = [row for row in rows if not row["verdict"].startswith("installed")]
    out = [f"Measured on {answer['date']} with Python {answer['python']}, {', '.join(shown.values())}.\n\n"]
    out.append(f"Of {len(rows)} rows, {len(hostile)} are refused here. What becomes of these elsewhere:\n\n")
    out.append("| | " + " | ".join(shown.values()) + " |\n|---|" + "---|" * len(shown) + "\n")
    measured = {peer: [cell(row["name"], peer) for row in hostile] for peer in shown}
    for title, test in (
        ("refused", lambda text: text.split(";")[0] == "refused"),
        ("killed, or no end in 300 seconds", lambda text: text.split(";")[0] in ("killed", "no end")),
        ("nothing installed, and no error", lambda text: text.startswith("nothing")),
        ("installed", lambda text: text.startswith("installed")),
        ("… with something that was not asked for", lambda text: text.startswith("installed;")),
        ("… outside, over a file of the environment, or run", lambda text: "**" in text),
        ("not applicable", lambda text: text == "–"),
    ):
        out.append(f"| {title} | " + " | ".join(str(sum(map(test, measured[peer]))) for peer in shown) + " |\n")
    group = None
    for row in rows:
        if row["group"] != group:
            group = row["group"]
            out.append(f"\n### {group}\n\n| | rustvenv | " + " | ".join(shown.values()) + " |\n|---|---|" + "---|" * len(shown) + "\n")
        cells = " | ".join(cell(row["name"], peer) for peer in shown)
        out.append(f"| `{row['name']}` | {row['verdict']} | {cells} |\n")
    out.append("\n### Installed on purpose\n\n")
    out += [f"- `{row['name']}`: {row['why']}.\n" for row in rows if row["why"]]
    out.append("\n### Advisories\n\n| | what | rows that try it here |\n|---|---|---|\n")
    out += [f"| {id} | {what} | {', '.join(f'`{name}`' for name in names)} |\n" for id, what, names in known["advisories"]]
    text = document.read_text()
    head, rest = text.split(BEGIN)
    document.write_text(head + BEGIN + "\n" + "".join(out) + "\n" + END + rest.split(END)[1])


if __name__ == "__main__":
    command, *paths = sys.argv[1:]
    {"run": run, "table": table}[command](*map(Path, paths))
