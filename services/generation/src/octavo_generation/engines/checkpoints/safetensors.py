"""Safetensors files, read where they lie: a length, a JSON header that says where each tensor is, the tensors.

The header is checked against the file before a byte of a tensor is touched, so a file that was cut off, or is none, is told at once.
Format: https://huggingface.co/docs/safetensors
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from octavo_core.errors import EngineError

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LONGEST_HEADER = 100_000_000
_DTYPES = {"F64": ("<f8", 8), "F32": ("<f4", 4), "F16": ("<f2", 2), "BF16": ("<u2", 2), "I64": ("<i8", 8), "I32": ("<i4", 4)}
_DTYPES |= {"I8": ("<i1", 1), "U8": ("<u1", 1), "BOOL": ("<u1", 1)}


@dataclass(frozen=True, slots=True)
class TensorPlace:
    file: Path
    dtype: str
    shape: tuple[int, ...]
    offset: int
    """Bytes from the file's beginning."""
    nbytes: int

    @property
    def count(self) -> int:
        return math.prod(self.shape)

    def read(self) -> NDArray[Any]:
        """float32 for all kinds of float, as it is for the rest; lies in the file until it is touched where that is possible."""
        import numpy as np

        raw: NDArray[Any] = np.memmap(self.file, dtype=_DTYPES[self.dtype][0], mode="r", offset=self.offset, shape=(self.count,))
        if self.dtype == "BF16":
            raw = (raw.astype(np.uint32) << 16).view(np.float32)
        elif self.dtype in ("F64", "F16"):
            raw = raw.astype(np.float32)
        return raw.reshape(self.shape)


def read_header(file: Path) -> dict[str, TensorPlace]:
    """Where the tensors of a file are. Raises `EngineError` where the file is cut off or no safetensors file."""
    try:
        size = file.stat().st_size
        with file.open("rb") as opened:
            length = int.from_bytes(opened.read(8), "little")
            if not 2 <= length <= min(_LONGEST_HEADER, size - 8):
                raise EngineError(f"{file.name} is no safetensors file, or only the beginning of one ({size} bytes)")
            header = json.loads(opened.read(length))
    except (OSError, ValueError) as error:
        raise EngineError(f"{file.name} cannot be read: {error}") from error
    if not isinstance(header, dict):
        raise EngineError(f"{file.name} is no safetensors file: its header is no object")
    places = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        place = _place(file, name, entry, 8 + length)
        if place.offset + place.nbytes > size:
            raise EngineError(f"{file.name} is cut off: it has {size} of at least {place.offset + place.nbytes} bytes; fetch it again")
        places[name] = place
    return places


def _place(file: Path, name: str, entry: Any, base: int) -> TensorPlace:
    try:
        dtype, shape = str(entry["dtype"]), tuple(int(n) for n in entry["shape"])
        begin, end = (int(n) for n in entry["data_offsets"])
    except (KeyError, TypeError, ValueError) as error:
        raise EngineError(f"{file.name}: the header's entry of {name[:80]} is broken") from error
    if dtype not in _DTYPES:
        raise EngineError(f"{file.name}: {name[:80]} is in the number format {dtype[:20]}, which is not served")
    if min(shape, default=0) < 0 or begin < 0 or end - begin != math.prod(shape) * _DTYPES[dtype][1]:
        raise EngineError(f"{file.name}: the header's entry of {name[:80]} contradicts itself")
    return TensorPlace(file, dtype, shape, base + begin, end - begin)
