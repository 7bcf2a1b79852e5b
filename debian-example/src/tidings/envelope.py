"""The sealed form of a message, and the keys for it.

A message is sealed with ChaCha20-Poly1305 under a key that comes from X25519 between the reader's public key and a key
pair made for this message alone, through HKDF-SHA256. The sender needs no key, and cannot open what was sealed.
"""

import base64
import binascii
import os
import textwrap

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey, X25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

BEGIN = "-----BEGIN TIDINGS-----"
END = "-----END TIDINGS-----"
PUBLIC_PREFIX = "tidings1:"
VERSION = b"\x01"
KEY_SIZE = 32


class EnvelopeError(Exception):
    """A key or a sealed message that cannot be used, and why."""


def generate(path):
    """Write a new private key to `path`, which must not exist, and return the public key as text."""
    private = X25519PrivateKey.generate()
    pem = private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(pem)
    return public_text(private.public_key())


def load_private(path):
    """Read a private key that `generate` wrote."""
    with open(path, "rb") as file:
        pem = file.read()
    try:
        key = load_pem_private_key(pem, password=None)
    except (TypeError, ValueError) as error:
        raise EnvelopeError(f"{path}: not a private key: {error}") from error
    if not isinstance(key, X25519PrivateKey):
        raise EnvelopeError(f"{path}: not an X25519 key")
    return key


def public_text(key):
    """The one-line form of a public key."""
    return PUBLIC_PREFIX + base64.b64encode(key.public_bytes_raw()).decode("ascii")


def parse_public(text):
    """The public key that `public_text` wrote as `text`."""
    text = text.strip()
    if not text.startswith(PUBLIC_PREFIX):
        raise EnvelopeError(f"a public key starts with {PUBLIC_PREFIX}")
    raw = _decode(text.removeprefix(PUBLIC_PREFIX), "the public key")
    if len(raw) != KEY_SIZE:
        raise EnvelopeError(f"a public key has {KEY_SIZE} bytes, this one {len(raw)}")
    return X25519PublicKey.from_public_bytes(raw)


def seal(message, reader):
    """`message` (bytes) sealed so that only the private half of `reader` opens it, as text."""
    ephemeral = X25519PrivateKey.generate()
    header = VERSION + ephemeral.public_key().public_bytes_raw()
    cipher = _cipher(ephemeral.exchange(reader), header, reader)
    body = base64.b64encode(header + cipher.encrypt(bytes(12), message, header)).decode("ascii")
    return "\n".join([BEGIN, *textwrap.wrap(body, 76), END, ""])


def unseal(text, private):
    """The message (bytes) in `text`, which `seal` made."""
    lines = [line.strip() for line in text.strip().splitlines()]
    if len(lines) < 3 or lines[0] != BEGIN or lines[-1] != END:
        raise EnvelopeError("not a sealed message")
    raw = _decode("".join(lines[1:-1]), "the sealed message")
    header, sealed = raw[: 1 + KEY_SIZE], raw[1 + KEY_SIZE :]
    if header[:1] != VERSION or len(header) != 1 + KEY_SIZE:
        raise EnvelopeError("sealed by another version of tidings")
    try:
        shared = private.exchange(X25519PublicKey.from_public_bytes(header[1:]))
        return _cipher(shared, header, private.public_key()).decrypt(bytes(12), sealed, header)
    except (InvalidTag, ValueError) as error:
        raise EnvelopeError("sealed for another key, or damaged") from error


def _cipher(shared, header, reader):
    # The key serves for one message only, which is why the nonce may be constant.
    salt = header + reader.public_bytes_raw()
    return ChaCha20Poly1305(HKDF(SHA256(), KEY_SIZE, salt, b"tidings message").derive(shared))


def _decode(text, what):
    try:
        return base64.b64decode(text, validate=True)
    except binascii.Error as error:
        raise EnvelopeError(f"{what} is not base64: {error}") from error
