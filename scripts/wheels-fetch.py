#!/usr/bin/python3
"""wheels-fetch.py LOCK DIRECTORY: fetches the sdists of a lock, each by its hash.

LOCK has lines `NAME==VERSION --hash=sha256:DIGEST`. The index is that of the installed pip. What is in DIRECTORY already with
the right digest is not fetched again; nothing that is fetched is run.
"""

import hashlib
import json
import os
import re
import sys
import urllib.request

from pip._internal.models.index import PyPI

LINE = re.compile(r"([A-Za-z0-9._-]+)==(\S+) --hash=sha256:([0-9a-f]{64})$")


def releases(lock):
    with open(lock, encoding="utf-8") as file:
        for line in map(str.strip, file):
            if line and not line.startswith("#"):
                match = LINE.match(line)
                if not match:
                    sys.exit("%s: not `NAME==VERSION --hash=sha256:DIGEST`: %s" % (lock, line))
                yield match.groups()


def get(url, accept):
    request = urllib.request.Request(url, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return answer.read()


def main():
    lock, directory = sys.argv[1:]
    os.makedirs(directory, exist_ok=True)
    there = {}
    for name in os.listdir(directory):
        with open(os.path.join(directory, name), "rb") as file:
            there[hashlib.sha256(file.read()).hexdigest()] = name
    for name, version, digest in releases(lock):
        if digest in there:
            continue
        page = json.loads(get("%s/%s/" % (PyPI.simple_url, name), "application/vnd.pypi.simple.v1+json"))
        files = [file for file in page["files"] if file["hashes"].get("sha256") == digest]
        if not files:
            sys.exit("the index has no file of %s %s with sha256:%s" % (name, version, digest))
        content = get(files[0]["url"], "*/*")
        if hashlib.sha256(content).hexdigest() != digest:
            sys.exit("%s is not the file of its hash" % files[0]["filename"])
        path = os.path.join(directory, os.path.basename(files[0]["filename"]))
        with open(path + ".new", "wb") as file:
            file.write(content)
        os.rename(path + ".new", path)


if __name__ == "__main__":
    main()
