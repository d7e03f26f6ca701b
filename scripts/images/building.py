"""The sequence: what is stale, with which engine, on which base; then build, export, and write down what was made.

One build at a time with the same cache (a lock says who is first). An archive appears whole or not at all, and its record after it: a run
that is killed anywhere costs the next one a build and nothing else.
"""

from __future__ import annotations

import contextlib
import fcntl
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from scripts.cluster.failures import ClusterFailure
from scripts.cluster.layout import Cache
from scripts.cluster.toolchain import ensure
from scripts.images import programs
from scripts.images.apt_sources import Source
from scripts.images.apt_sources import mirror as mirror_in
from scripts.images.bases import Bases, is_own, own_base
from scripts.images.engines import Build, Engine, engines
from scripts.images.failures import ImagesFailure
from scripts.images.inputs import default_base, inputs_digest
from scripts.images.machine import read_debian_sources, write_secrets
from scripts.images.records import Record, read_record, write_record
from scripts.images.rootfs import SUITE
from scripts.images.targets import Target

PROGRAMS = "build/programs"
"""Below the repository: programs that an image is made of and that are built here."""
_ANSWER_S = 20
_TIDY_S = 120
_MOST_CACHED = 800
"""Steps that Buildah keeps before all are forgotten at once: about 40 edits of the sources, 1–2 GB."""


@dataclass(frozen=True, slots=True)
class Options:
    root: Path
    """The repository."""
    cache: Path
    state: Path
    """A folder that does not outlive a reboot."""
    tag: str = "dev"
    engine: str | None = None
    base: str | None = None
    mirror: str | None = None
    fresh_base: bool = False

    @property
    def out(self) -> Path:
        return self.root / "build/images"


def build_images(targets: Sequence[Target], options: Options, environment: Mapping[str, str], say: Callable[[str], None]) -> None:
    """Makes the archives of these targets that are missing or stale. Raises `ImagesFailure`."""
    options.out.mkdir(parents=True, exist_ok=True)
    options.cache.mkdir(parents=True, exist_ok=True)
    with _only_one(options.cache / ".lock", say):
        stale = [target for target in targets if not _up_to_date(target, options, say)]
        if not stale:
            return
        work = options.cache / "tmp"
        # Engines unpack there, and Buildah keeps there what a build step asks it to.
        environment = {**environment, "TMPDIR": str(work)}
        engine = choose_engine(engines(options.cache, options.state), options.engine, environment)
        _clear(engine, work, environment)
        try:
            with tempfile.TemporaryDirectory(dir=work) as folder:
                _build_stale(stale, engine, options, environment, Path(folder), say)
        finally:
            _clear(engine, work, environment)


def _build_stale(
    targets: Sequence[Target], engine: Engine, options: Options, environment: Mapping[str, str], folder: Path, say: Callable[[str], None]
) -> None:
    sources = [Source(options.mirror, (SUITE,))] if options.mirror is not None else read_debian_sources(SUITE)
    secrets = write_secrets(folder, environment, sources)
    log = options.out / "base.log"
    log.unlink(missing_ok=True)
    bases = Bases(
        engine,
        root=options.root,
        cache=options.cache,
        environment=environment,
        secrets=secrets,
        mirror=mirror_in(sources, SUITE),
        fresh=options.fresh_base,
        log=log,
        say=say,
    )
    for target in targets:
        default = default_base((options.root / target.containerfile).read_text())
        base = bases.base_for(default) if options.base is None else bases.named(options.base)
        started = time.monotonic()
        say(f"{target.name}: building on {base} with {engine.name}")
        # A base from elsewhere brings its own package sources, unless somebody names a mirror.
        with_sources = is_own(base) or options.mirror is not None
        given = {name: path for name, path in secrets.items() if name != "apt.sources" or with_sources}
        record = _make(target, engine, base, given, options, environment)
        say(f"{target.name}: {_megabytes(record.archive_bytes)} in {time.monotonic() - started:.0f} s")


def choose_engine(candidates: Sequence[Engine], named: str | None, environment: Mapping[str, str]) -> Engine:
    """The named one, or the first that answers: an installed client whose daemon does not answer builds nothing."""
    asked = [engine for engine in candidates if named in (None, engine.name)]
    for engine in asked:
        if programs.succeeds(engine.answers(), within_s=_ANSWER_S, environment=environment):
            return engine
    raise ImagesFailure(
        f"nothing here builds images (asked {', '.join(engine.name for engine in asked)}): "
        "start Docker or Podman, or install Buildah (Debian: `apt-get install buildah`)"
    )


def _clear(engine: Engine, work: Path, environment: Mapping[str, str]) -> None:
    """Takes away what failed and killed builds left, and all that is cached once it is too much."""
    clear, cached = engine.clear(), engine.cached()
    if clear is not None:
        programs.succeeds(clear, within_s=_TIDY_S, environment=environment)
    full = cached is not None and programs.output(cached, within_s=_TIDY_S, environment=environment).count("\n") > _MOST_CACHED
    if full:
        programs.succeeds(engine.forget(), within_s=_TIDY_S, environment=environment)
    work.mkdir(exist_ok=True)
    for entry in work.iterdir():
        if full or not entry.name.startswith("buildah-cache"):
            shutil.rmtree(entry, ignore_errors=True)


def _up_to_date(target: Target, options: Options, say: Callable[[str], None]) -> bool:
    before, archive = read_record(options.out / f"{target.name}.json"), options.out / f"{target.name}.tar"
    if options.fresh_base or before is None or before.inputs != _inputs(target, options) or _size(archive) != before.archive_bytes:
        return False
    if is_own(before.base) and before.base != own_base(options.root):
        return False  # The recipe of the base has changed.
    say(f"{target.name}: nothing to do ({_megabytes(before.archive_bytes)}, {before.image})")
    return True


def _make(
    target: Target, engine: Engine, base: str, secrets: Mapping[str, Path], options: Options, environment: Mapping[str, str]
) -> Record:
    """Built, exported and written down."""
    # Before the build: what is edited while it runs makes the image stale, and the next run finds it so.
    inputs, image = _inputs(target, options), target.image(options.tag)
    archive, notes = options.out / f"{target.name}.tar", options.out / f"{target.name}.json"
    partial, log = options.out / f".{target.name}.partial", options.out / f"{target.name}.log"
    before = read_record(notes)
    log.unlink(missing_ok=True)
    build = Build(options.root / target.containerfile, options.root, image, target.name, {"BASE": base, "VERSION": options.tag}, secrets)
    try:
        if target.program is not None:
            _bring(target.program, options.root / PROGRAMS)
        programs.execute(engine.build(build), log=log, environment=environment)
        image_id = programs.output(engine.identify(image), within_s=_ANSWER_S, environment=environment)
        partial.unlink(missing_ok=True)
        programs.execute(engine.save(image, partial), log=log, environment=environment)
        notes.unlink(missing_ok=True)
        partial.replace(archive)
    finally:
        partial.unlink(missing_ok=True)
    record = Record(inputs, image, image_id, base, engine.name, _size(archive), datetime.now(UTC).isoformat(timespec="seconds"))
    write_record(notes, record)
    if before is not None and before.engine == engine.name and before.image_id != image_id:
        # The one that this one replaces would pile up; it stays where something uses it or another tag names it.
        programs.succeeds(engine.remove(before.image_id), within_s=_ANSWER_S, environment=environment)
    return record


def _bring(program: str, folder: Path) -> None:
    """Built once per machine, and copied to where the build may look. Raises `ImagesFailure`."""
    try:
        ensure([program], Cache.of())
    except ClusterFailure as failure:
        raise ImagesFailure(f"the program {program} cannot be built: {failure}") from None
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy2(Cache.of().program(program), folder / program)


def _inputs(target: Target, options: Options) -> str:
    return inputs_digest(options.root, target, image=target.image(options.tag), base=options.base or "default")


@contextlib.contextmanager
def _only_one(path: Path, say: Callable[[str], None]) -> Iterator[None]:
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            say("waiting for another build")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return -1


def _megabytes(count: int) -> str:
    return f"{count / 1_000_000:,.0f} MB"
