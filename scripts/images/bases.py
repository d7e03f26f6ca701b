"""On what the images are built: a base that somebody names, the Containerfile's own from a registry, or one that debootstrap makes here."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from scripts.images import programs
from scripts.images.engines import Build, Engine
from scripts.images.failures import ImagesFailure
from scripts.images.rootfs import SUITE, make_rootfs, rootfs_name
from scripts.images.targets import REPOSITORY

_OWN = f"{REPOSITORY}/base"
_CONTAINERFILE = "images/base/Containerfile"
_ANSWER_S = 20
_PULL_S = 900
_OLD_DAYS = 30


def own_base(root: Path) -> str:
    """The name that a base made here from this checkout's recipe has, or would have."""
    return f"{_OWN}:{rootfs_name((root / _CONTAINERFILE).read_text())}"


def is_own(image: str) -> bool:
    """Whether the image is a base made here, by this recipe or an earlier one."""
    return image.startswith(f"{_OWN}:")


class Bases:
    """Asks for each default once, and makes the own base at most once."""

    def __init__(
        self,
        engine: Engine,
        *,
        root: Path,
        cache: Path,
        environment: Mapping[str, str],
        secrets: Mapping[str, Path],
        mirror: str | None,
        fresh: bool,
        log: Path,
        say: Callable[[str], None],
    ) -> None:
        """`fresh`: pull again what can be pulled, make anew what is made here."""
        self._engine, self._environment, self._secrets, self._mirror = engine, environment, secrets, mirror
        self._fresh, self._log, self._say = fresh, log, say
        self._containerfile, self._own_image = root / _CONTAINERFILE, own_base(root)
        self._folder = cache / self._own_image.rpartition(":")[2]
        self._pulled: dict[str, bool] = {}
        self._made = False

    def named(self, image: str) -> str:
        """A base that somebody asked for, in the engine's store. Raises `ImagesFailure`; nothing else is taken for it."""
        if not self._have(image):
            raise ImagesFailure(f"the base {image} is not in the store of {self._engine.name} and cannot be pulled")
        return image

    def base_for(self, default: str) -> str:
        """The image to build on, in the engine's store. Raises `ImagesFailure` when neither way leads to one."""
        if not self._made and self._have(default):
            return default
        if not self._made:
            self._say(f"base: {default} cannot be pulled; taking one that debootstrap makes")
            self._make_own()
            self._made = True  # No registry answered: the next default is not asked for.
        return self._own_image

    def _have(self, image: str) -> bool:
        if image not in self._pulled:
            here = not self._fresh and self._succeeds(self._engine.has(image), _ANSWER_S)
            if not here:
                self._say(f"base: pulling {image}")
                here = self._succeeds(self._engine.pull(image), _PULL_S)
            self._pulled[image] = here
        return self._pulled[image]

    def _make_own(self) -> None:
        if self._fresh:
            shutil.rmtree(self._folder, ignore_errors=True)
        elif self._succeeds(self._engine.has(self._own_image), _ANSWER_S):
            self._tell_age()
            return
        started = time.monotonic()
        make_rootfs(self._folder, self._mirror, lambda argv: programs.execute(argv, log=self._log, environment=self._environment))
        build = Build(self._containerfile, self._folder, self._own_image, secrets=self._secrets)
        programs.execute(self._engine.build(build), log=self._log, environment=self._environment)
        for earlier in self._folder.parent.glob(f"{SUITE}-*"):
            if earlier != self._folder:
                shutil.rmtree(earlier, ignore_errors=True)
        self._say(f"base: {self._own_image} in {time.monotonic() - started:.0f} s")

    def _tell_age(self) -> None:
        try:
            days = (time.time() - (self._folder / "rootfs.tar").stat().st_mtime) / 86_400
        except OSError:
            return
        if days > _OLD_DAYS:
            self._say(f"base: {days:.0f} days old; `./task images -- --fresh-base` brings what Debian has mended since")

    def _succeeds(self, argv: list[str], within_s: float) -> bool:
        return programs.succeeds(argv, within_s=within_s, environment=self._environment)
