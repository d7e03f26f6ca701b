"""Models from a hub that speaks Hugging Face's HTTP: found, fetched, checked, kept.

A revision is turned into its commit first, and what lies under a commit never changes: a model that was fetched whole is used without
asking the hub again, and so is a named revision while the hub does not answer. Only files that hold data are fetched, never a pickle and
no code. Each file whose hash the hub tells is checked against it; a folder counts as whole only once its mark is written. Several
processes may fetch the same at once: the library locks each file.
"""

from __future__ import annotations

import fnmatch
import hashlib
import json
import re
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import structlog

from octavo_core.errors import EngineError, Misconfigured, OctavoError, Unavailable
from octavo_core.spec.model_uri import ModelUri

log = structlog.get_logger(__name__)

ENDPOINT = "HF_ENDPOINT"
TOKEN = "HF_TOKEN"  # noqa: S105 - a variable's name
PUBLIC_HUB = "https://huggingface.co"
TIMEOUT_S = 10.0
CHECKPOINT: tuple[str, ...] = (
    "*.safetensors",
    "*.safetensors.index.json",
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
)
CHECKPOINT += ("model.json", "vocab.json", "merges.txt", "special_tokens_map.json", "added_tokens.json", "sentencepiece.bpe.model")
CONVERTED = ("model.bin", "config.json", "tokenizer.json", "vocabulary.*", "shared_vocabulary.*", "model.json", "words.json")
"""What a model of CTranslate2's own form is made of; its `model.bin` is no pickle."""
_COMMIT = re.compile(r"[0-9a-f]{40}")
_WHOLE = "octavo-whole.json"
_SPARE_DISK = 500 * 2**20


@dataclass(frozen=True, slots=True)
class Hub:
    """`folder` is where models are kept."""

    endpoint: str
    folder: Path
    token: str | None = None

    def fetch(self, uri: ModelUri, wanted: Sequence[str], on_stage: Callable[[str], None]) -> Path:
        """The folder with the model, or the file where `uri` names one. `wanted` are patterns of files. Raises `Unavailable` where the hub
        does not answer, `Misconfigured` for what it does not have or does not give, `EngineError` for what arrives broken."""
        revision = uri.revision or "main"
        home = self.folder / uri.place.replace("/", "--")
        kept = self._kept(home, revision)
        if kept is not None and _COMMIT.fullmatch(revision) and self._has(kept, uri.path):
            return kept / uri.path
        on_stage("asking the hub")
        try:
            return self._fetch(uri, revision, wanted, home, on_stage)
        except Unavailable as error:
            if kept is None or not self._has(kept, uri.path):
                raise
            log.warning(
                "the hub does not answer; the model fetched last is taken", model=uri.place, revision=revision, reason=error.message
            )
            return kept / uri.path

    def _kept(self, home: Path, revision: str) -> Path | None:
        try:
            commit = revision if _COMMIT.fullmatch(revision) else (home / "revisions" / revision).read_text().strip()
        except OSError:
            return None
        return home / commit if _COMMIT.fullmatch(commit) and (home / commit / _WHOLE).is_file() else None

    def _has(self, folder: Path, path: str) -> bool:
        return not path or (folder / path).is_file()

    def _fetch(self, uri: ModelUri, revision: str, wanted: Sequence[str], home: Path, on_stage: Callable[[str], None]) -> Path:
        from huggingface_hub import HfApi, hf_hub_download

        with _Told(self.endpoint, uri.place, revision):
            info = HfApi(endpoint=self.endpoint, token=self.token or False).model_info(
                uri.place, revision=revision, files_metadata=True, timeout=TIMEOUT_S
            )
        files = {str(one.rfilename): one for one in info.siblings or ()}
        patterns = (uri.path,) if uri.path else wanted
        names = [name for name in files if "/" not in name.removeprefix(uri.path) and any(fnmatch.fnmatchcase(name, p) for p in patterns)]
        self._check_offer(uri, files, names, wanted)
        commit = str(info.sha or "")
        if not _COMMIT.fullmatch(commit):
            raise EngineError(f"the hub at {self.endpoint} does not say which commit {uri.place}@{revision} is")
        folder = home / commit
        sizes = sum(int(files[name].size or 0) for name in names)
        self._check_disk(sizes, uri)
        done = _read_mark(folder)
        for number, name in enumerate(names, 1):
            if done.get(name) == files[name].size and (folder / name).is_file():
                continue
            on_stage(f"fetching {name} ({number} of {len(names)}, {sizes / 1e6:.0f} MB in all)")
            with _Told(self.endpoint, uri.place, revision):
                hf_hub_download(
                    uri.place,
                    name,
                    revision=commit,
                    local_dir=folder,
                    endpoint=self.endpoint,
                    token=self.token or False,
                    etag_timeout=TIMEOUT_S,
                )
            _check_file(folder / name, files[name])
        (folder / _WHOLE).write_text(json.dumps(done | {name: files[name].size for name in names}, indent=1), encoding="utf-8")
        if revision != commit:
            (home / "revisions").mkdir(exist_ok=True)
            (home / "revisions" / revision).write_text(commit, encoding="utf-8")
        return folder / uri.path

    def _check_offer(self, uri: ModelUri, files: Mapping[str, Any], names: Sequence[str], wanted: Sequence[str]) -> None:
        if uri.path and uri.path not in files:
            raise Misconfigured(f"{uri.place} at the hub holds no {uri.path}; it holds {', '.join(sorted(files)[:12]) or 'nothing'}")
        weights = "model.bin" if wanted is CONVERTED else "*.safetensors"
        if not uri.path and not any(fnmatch.fnmatchcase(name, weights) for name in names):
            why = "its weights are a pickle, which Octavo does not read" if any(name.endswith((".bin", ".pt")) for name in files) else ""
            raise Misconfigured(f"{uri.place} at the hub holds no {weights}{'; ' if why else ''}{why}")

    def _check_disk(self, needed: int, uri: ModelUri) -> None:
        place = next(parent for parent in (self.folder.absolute(), *self.folder.absolute().parents) if parent.exists())
        free = shutil.disk_usage(place).free
        if needed + _SPARE_DISK > free:
            raise Misconfigured(f"{uri.place} has {needed / 1e9:.1f} GB, and {place} has {free / 1e9:.1f} GB free")


def hub_of(environment: Mapping[str, str], folder: Path) -> Hub:
    return Hub(environment.get(ENDPOINT) or PUBLIC_HUB, folder, environment.get(TOKEN) or None)


class _Told:
    """The library's many errors, as ours."""

    def __init__(self, endpoint: str, place: str, revision: str) -> None:
        self._endpoint, self._place, self._revision = endpoint, place, revision

    def __enter__(self) -> None: ...

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None or not isinstance(error, Exception) or isinstance(error, OctavoError):
            return
        raise self._ours(error) from error

    def _ours(self, error: Exception) -> OctavoError:
        from huggingface_hub import errors

        cause = error.__cause__ if isinstance(error, errors.LocalEntryNotFoundError) and error.__cause__ is not None else error
        if isinstance(cause, errors.GatedRepoError):
            return Misconfigured(f"{self._place} is given to those alone who accepted its terms at the hub; {TOKEN} must be a token of one")
        if isinstance(cause, errors.RevisionNotFoundError):
            return Misconfigured(f"{self._place} has no revision {self._revision} at {self._endpoint}")
        if isinstance(cause, errors.RepositoryNotFoundError):
            return Misconfigured(f"{self._endpoint} has no model {self._place}, or shows it to nobody without a token in {TOKEN}")
        if isinstance(cause, errors.HfHubHTTPError):
            status = cause.response.status_code
            if status in (401, 403):
                return Misconfigured(f"{self._endpoint} does not give {self._place} with the token in {TOKEN} ({status})")
            return Unavailable(f"the model hub at {self._endpoint} fails ({status})")
        if isinstance(cause, errors.HFValidationError):
            return Misconfigured(f"{self._place} is no name of a model: {cause}")
        return Unavailable(
            f"the model hub at {self._endpoint} cannot be reached ({type(cause).__name__}); {self._place} has to come from there once."
            f" Without a way to it, name a folder: model: file:///…, or set {ENDPOINT} to a mirror"
        )


def _read_mark(folder: Path) -> dict[str, int]:
    try:
        loaded = json.loads((folder / _WHOLE).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return loaded if isinstance(loaded, dict) else {}


def _check_file(file: Path, said: Any) -> None:
    """Against the size and, for a large one, the hash that the hub tells."""
    size = file.stat().st_size
    if said.size is not None and size != said.size:
        file.unlink()
        raise EngineError(f"{file.name} came with {size} bytes, and the hub says {said.size}; it is fetched again with the next attempt")
    if said.lfs is None:
        return
    with file.open("rb") as opened:
        digest = hashlib.file_digest(opened, "sha256").hexdigest()
    if digest != said.lfs.sha256:
        file.unlink()
        raise EngineError(f"{file.name} is not what the hub says it is (its SHA-256 differs); it is fetched again with the next attempt")
