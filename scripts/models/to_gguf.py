"""A GPT-2 in Hugging Face's layout as one GGUF file: `python -m scripts.models.to_gguf FOLDER FILE [--format bfloat16]`.

The engine llamacpp does the same by itself; this is for a file to carry elsewhere. Needs the environment of requirements/models.lock.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from octavo_core.errors import OctavoError
from octavo_generation.engines.checkpoints.checkpoint import open_checkpoint
from octavo_generation.engines.checkpoints.to_gguf import convert_gpt2


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("folder", type=Path)
    options.add_argument("file", type=Path)
    options.add_argument("--format", choices=("float32", "float16", "bfloat16", "q8_0"), default="bfloat16")
    chosen = options.parse_args()
    try:
        convert_gpt2(open_checkpoint(chosen.folder), chosen.file, chosen.format)
    except OctavoError as error:
        print(error.message, file=sys.stderr)
        return 1
    print(f"{chosen.file}: {chosen.file.stat().st_size / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
