#!/usr/bin/python3
"""large-wheels.py DIRECTORY: writes a source tree with two wheels of unusual size, for scripts/bench.sh.

`large` has one library of 1 GB, as those for machine learning have, and `many` has 20,000 modules. The tree locks both, each in a
requirements file of its own, and trusts the lock alone: what is measured is installing.
"""

import base64
import hashlib
import pathlib
import shutil
import struct
import sys
import zipfile

GIGABYTE = 10**9
MODULES = 20_000


class Wheel:
    """A wheel that is written member by member, none of which need be in memory."""

    def __init__(self, directory, name):
        self.name = name
        self.path = directory / f"{name}-1.0-py3-none-any.whl"
        self.archive = zipfile.ZipFile(self.path, "w", zipfile.ZIP_DEFLATED)
        self.rows = []

    def add(self, path, chunks, method=zipfile.ZIP_DEFLATED):
        info = zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0))
        info.compress_type = method
        info.external_attr = 0o100644 << 16
        digest = hashlib.sha256()
        size = 0
        # a size that is known beforehand keeps data descriptors out
        chunks = list(chunks) if method == zipfile.ZIP_DEFLATED else chunks
        if method == zipfile.ZIP_STORED:
            info.file_size = GIGABYTE
        with self.archive.open(info, "w") as member:
            for chunk in chunks:
                member.write(chunk)
                digest.update(chunk)
                size += len(chunk)
        text = base64.urlsafe_b64encode(digest.digest()).rstrip(b"=").decode()
        self.rows.append(f"{path},sha256={text},{size}\n")

    def close(self):
        info = f"{self.name}-1.0.dist-info"
        self.add(f"{info}/METADATA", [f"Metadata-Version: 2.1\nName: {self.name}\nVersion: 1.0\n".encode()])
        self.add(f"{info}/WHEEL", [b"Wheel-Version: 1.0\nGenerator: large-wheels\nRoot-Is-Purelib: true\nTag: py3-none-any\n"])
        self.rows.append(f"{info}/RECORD,,\n")
        self.archive.writestr(zipfile.ZipInfo(f"{info}/RECORD", (2026, 1, 1, 0, 0, 0)), "".join(self.rows))
        self.archive.close()
        digest = hashlib.sha256()
        with self.path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
        return f"{self.name}==1.0 --hash=sha256:{digest.hexdigest()}\n"


def library():
    """A program of this machine with a table behind it: GIGABYTE bytes."""
    chunk = pathlib.Path("/bin/true").read_bytes()
    left = GIGABYTE
    number = 0
    while left > 0:
        yield chunk[:left]
        left -= len(chunk)
        # nothing that a compressor could use
        chunk = hashlib.shake_128(struct.pack("<Q", number)).digest(1 << 20)
        number += 1


def main(directory):
    tree = pathlib.Path(directory)
    (tree / "wheels").mkdir(parents=True)
    debian = tree / "debian"
    debian.mkdir()
    (debian / "control").write_text(
        "Source: sizes\n\nPackage: large\nArchitecture: any\nDepends: ${misc:Depends}\n\n"
        "Package: many\nArchitecture: any\nDepends: ${misc:Depends}\n"
    )
    (debian / "changelog").write_text("sizes (1.0) stable; urgency=low\n\n  * Sizes.\n\n -- A <a@example.org>  Thu, 01 Jan 2026 00:00:00 +0000\n")
    for name in ["large", "many"]:
        (debian / f"{name}.rustvenv").write_text(
            f'requirements = ["{name}.txt"]\nproject = "none"\ntrust = "dangerously-unsigned"\n'
        )
    large = Wheel(tree / "wheels", "large")
    large.add("large/library.so", library(), zipfile.ZIP_STORED)
    (tree / "large.txt").write_text(large.close())
    many = Wheel(tree / "wheels", "many")
    source = pathlib.Path(shutil.__file__).read_bytes()[:4000]
    for number in range(MODULES):
        many.add(f"many/part{number % 100}/module{number}.py", [b"number = %d\n" % number, source])
    (tree / "many.txt").write_text(many.close())


main(sys.argv[1])
