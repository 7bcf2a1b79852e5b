"""A build back end that packs what `body.contents()` returns, a dictionary from names to texts."""

import base64, hashlib, os, sys, zipfile

def build_wheel(directory, config=None, metadata=None):
    import body
    name, version = "@NAME@", "@VERSION@"
    info = "%s-%s.dist-info" % (name, version)
    files = dict(body.contents())
    files[info + "/METADATA"] = "Metadata-Version: 2.1\nName: %s\nVersion: %s\n" % (name, version)
    files[info + "/WHEEL"] = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
    record = ""
    for path, text in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
        record += "%s,sha256=%s,%d\n" % (path, digest, len(text.encode()))
    files[info + "/RECORD"] = record + info + "/RECORD,,\n"
    wheel = "%s-%s-py3-none-any.whl" % (name, version)
    with zipfile.ZipFile(os.path.join(directory, wheel), "w") as archive:
        for path, text in files.items():
            member = zipfile.ZipInfo(path, (2020, 2, 2, 0, 0, 0))
            member.external_attr = 0o100644 << 16
            archive.writestr(member, text)
    return wheel
