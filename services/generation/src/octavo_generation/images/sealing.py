"""Pictures encrypted before they leave the process, in chunks, so that a part of one can be read without the rest.

The format, version 1, all numbers big-endian:

    header   36 bytes   "octavo" | version (1) | log2 of the chunk size (16) | key id (4 bytes) | salt (16 bytes) | length (8 bytes)
    chunks              each chunk of 65,536 bytes (the last one may be shorter) as AES-256-GCM ciphertext with its tag of 16 bytes

The key of one picture is HKDF-SHA256 of the storage's key with the random salt; with a key of its own a picture can number its chunks
for nonces (96 bits) and never repeat one. Each chunk is authenticated together with the whole header and the picture's id: chunks cannot be
changed, moved, cut off, or passed off as another picture's. `length` is that of the plain picture. The key id is the beginning of
SHA-256 over the key and its purpose; it is there to tell a wrong key from a changed picture.
"""

from __future__ import annotations

import hashlib
import os
import struct
from dataclasses import dataclass

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from octavo_core.errors import Misconfigured, Unavailable

KEY_BYTES = 32
CHUNK = 1 << 16
TAG = 16
_HEADER = struct.Struct(">6sBB4s16sQ")
HEADER_BYTES = _HEADER.size
_MAGIC = b"octavo"
_VERSION = 1
_PURPOSE = b"octavo image 1"
_TEXT_PURPOSE = b"octavo image metadata 1"
SEALED_TEXT_BYTES = 16 + TAG
"""What `seal_text` adds."""


def is_sealed(data: bytes) -> bool:
    return data.startswith(_MAGIC)


@dataclass(frozen=True, slots=True)
class Opener:
    """Of one sealed picture: which part of the object is needed for a range, and how to open it."""

    length: int
    _header: bytes
    _image: bytes
    _cipher: AESGCM

    def open(self, sealed: bytes, start: int, end: int) -> bytes:
        """Bytes [start, end) of the picture from the part of the object that `span(start, end)` names. Raises `Unavailable` for what
        was changed."""
        first = start // CHUNK
        plain = bytearray()
        try:
            for number, offset in enumerate(range(0, len(sealed), CHUNK + TAG)):
                chunk = sealed[offset : offset + CHUNK + TAG]
                plain += self._cipher.decrypt((first + number).to_bytes(12, "big"), chunk, self._header + self._image)
        except InvalidTag:
            raise Unavailable("the picture cannot be decrypted: what lies in the storage was changed") from None
        opened = bytes(plain[start - first * CHUNK : end - first * CHUNK])
        if len(opened) != min(end, self.length) - start:
            raise Unavailable("the picture cannot be decrypted: what lies in the storage was cut off")
        return opened


def span(start: int, end: int) -> tuple[int, int]:
    """Where in the object the chunks with bytes [start, end) lie; the end may be beyond the object's."""
    first, last = start // CHUNK, (end - 1) // CHUNK
    return HEADER_BYTES + first * (CHUNK + TAG), HEADER_BYTES + (last + 1) * (CHUNK + TAG)


class Sealer:
    """With the storage's key. Safe to use from any thread."""

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise Misconfigured(f"an encryption key has {KEY_BYTES} bytes, this one has {len(key)}")
        self._key = key
        self._key_id = hashlib.sha256(_PURPOSE + key).digest()[:4]

    def seal(self, data: bytes, image: str) -> bytes:
        if not data:
            raise ValueError("nothing to seal")
        salt = os.urandom(16)
        header = _HEADER.pack(_MAGIC, _VERSION, CHUNK.bit_length() - 1, self._key_id, salt, len(data))
        cipher, bound = self._cipher(salt, _PURPOSE), header + image.encode()
        chunks = [
            cipher.encrypt(number.to_bytes(12, "big"), data[offset : offset + CHUNK], bound)
            for number, offset in enumerate(range(0, len(data), CHUNK))
        ]
        return b"".join((header, *chunks))

    def opener(self, header: bytes, image: str) -> Opener:
        """Raises `Misconfigured` for another key, `Unavailable` for what is no sealed picture."""
        if len(header) < HEADER_BYTES or not is_sealed(header):
            raise Unavailable("the picture cannot be decrypted: what lies in the storage is not an encrypted picture")
        header = header[:HEADER_BYTES]
        _magic, version, chunk_bits, key_id, salt, length = _HEADER.unpack(header)
        if version != _VERSION or 1 << chunk_bits != CHUNK:
            raise Unavailable(f"the picture cannot be decrypted: version {version} of the format is not known here")
        if key_id != self._key_id:
            raise Misconfigured("the picture was encrypted with another key than storage.encryptionKey")
        return Opener(length, header, image.encode(), self._cipher(salt, _PURPOSE))

    def seal_text(self, text: bytes, image: str) -> bytes:
        """For the metadata: salt, then one ciphertext with its tag."""
        salt = os.urandom(16)
        return salt + self._cipher(salt, _TEXT_PURPOSE).encrypt(bytes(12), text, image.encode())

    def open_text(self, sealed: bytes, image: str) -> bytes:
        try:
            return self._cipher(sealed[:16], _TEXT_PURPOSE).decrypt(bytes(12), sealed[16:], image.encode())
        except (InvalidTag, ValueError):
            raise Unavailable("the picture's metadata cannot be decrypted: they were changed, or the key is another") from None

    def _cipher(self, salt: bytes, purpose: bytes) -> AESGCM:
        return AESGCM(HKDF(SHA256(), KEY_BYTES, salt, purpose).derive(self._key))
