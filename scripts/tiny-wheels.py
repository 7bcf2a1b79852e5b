#!/usr/bin/python3
"""tiny-wheels.py DIRECTORY PROJECTS RELEASES: well-formed wheels with nothing in them but what a wheel has to have, for
measuring what works on very many. Every wheel is another file, so that nothing can be done once for all of them."""

import base64
import hashlib
import pathlib
import struct
import sys
import zlib


def archive(members):
    """The bytes of a ZIP archive of stored members; Python's own writer takes most of a minute for as many."""
    body, directory = b"", b""
    for name, content in members:
        name = name.encode()
        common = struct.pack("<HHHHHLLLHH", 20, 0, 0, 0, 0x21, zlib.crc32(content), len(content), len(content), len(name), 0)
        directory += b"PK\x01\x02" + struct.pack("<H", 0x314) + common
        directory += struct.pack("<HHHLL", 0, 0, 0, 0o100644 << 16, len(body)) + name
        body += b"PK\x03\x04" + common + name + content
    count = len(members)
    return body + directory + b"PK\x05\x06" + struct.pack("<HHHHLLH", 0, 0, count, count, len(directory), len(body), 0)


def row(name, content):
    digest = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).rstrip(b"=").decode()
    return f"{name},sha256={digest},{len(content)}\n"


def wheel(name, version):
    info = f"{name}-{version}.dist-info"
    metadata = (
        f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: The {version} of a project called {name}\n"
        "Requires-Python: >=3.9\n\nA description.\n"
    ).encode()
    tags = b"Wheel-Version: 1.0\nGenerator: tiny\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    files = [(f"{name}.py", b""), (f"{info}/METADATA", metadata), (f"{info}/WHEEL", tags)]
    record = "".join(row(*file) for file in files) + f"{info}/RECORD,,\n"
    return archive([*files, (f"{info}/RECORD", record.encode())])


def main():
    directory, projects, releases = pathlib.Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    directory.mkdir(parents=True, exist_ok=True)
    for project in range(projects):
        name = f"project_{project:06d}"
        for release in range(releases):
            version = f"1.{release}"
            (directory / f"{name}-{version}-py3-none-any.whl").write_bytes(wheel(name, version))


main()
