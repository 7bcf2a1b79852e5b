"""Compiles source files to byte code, all in this one process.

Usage: byte_code.py SOURCES RESULT ORDER

SOURCES is a directory with 0.py, 1.py, ... and names.json: the path on the target of each, which tracebacks show. The
byte code of 0.py becomes RESULT/0.pyc. ORDER is `forward` or `backward`. Standard output gets a JSON object: the cache
tag of this interpreter, and for each file that it cannot compile the reason. Compiling parses a source and runs nothing
of it.
"""

import json
import py_compile
import sys

sources, result, order = sys.argv[1:]
with open(f"{sources}/names.json", encoding="utf-8") as file:
    names = json.load(file)
failed = {}
for number in range(len(names)) if order == "forward" else reversed(range(len(names))):
    try:
        py_compile.compile(
            f"{sources}/{number}.py",
            cfile=f"{result}/{number}.pyc",
            dfile=names[number],
            doraise=True,
            invalidation_mode=py_compile.PycInvalidationMode.UNCHECKED_HASH,
        )
    except py_compile.PyCompileError as error:
        failed[number] = f"{error.exc_type_name}: {error.exc_value}"
json.dump({"tag": sys.implementation.cache_tag, "failed": failed}, sys.stdout)
