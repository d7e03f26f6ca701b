"""Names of pictures."""

from __future__ import annotations

import pytest

from octavo_generation.images.paths import IMAGE_ID, id_in, image_id, media_type_of, path_of

JOB = "01987c2e-0000-7abc-8def-0123456789ab"
MIDNIGHT = 1_767_225_600_000


def test_the_same_picture_of_the_same_job_has_the_same_id_and_every_other_has_another() -> None:
    ids = {image_id(job, MIDNIGHT, index) for job in (JOB, JOB.replace("b", "c")) for index in range(10)}
    assert len(ids) == 20
    assert image_id(JOB, MIDNIGHT, 3) == image_id(JOB, MIDNIGHT, 3)
    assert all(IMAGE_ID.fullmatch(one) for one in ids)


def test_ids_sort_by_time() -> None:
    ids = [image_id(JOB, MIDNIGHT + offset, 0) for offset in (0, 1, 999, 86_400_000, 10**12)]
    assert ids == sorted(ids)


@pytest.mark.parametrize(("accepted_at", "day"), [(MIDNIGHT, "2026/01/01"), (MIDNIGHT - 1, "2025/12/31"), (0, "1970/01/01")])
def test_the_path_is_the_utc_day(accepted_at: int, day: str) -> None:
    image = image_id(JOB, accepted_at, 0)
    assert path_of(image, "image/png") == f"{day}/{image}.png"
    assert id_in(path_of(image, "image/webp")) == image


def test_the_ending_says_the_type() -> None:
    for media_type in ("image/png", "image/jpeg", "image/webp"):
        assert media_type_of(path_of(image_id(JOB, 0, 0), media_type)) == media_type


@pytest.mark.parametrize("path", ["", "x", "../2026/01/01/x.png", "2026/01/01/..png", "2026/1/1/" + image_id(JOB, 0, 0) + ".png"])
def test_other_paths_are_not_ours(path: str) -> None:
    with pytest.raises(ValueError, match="not the path"):
        id_in(path)


@pytest.mark.parametrize("text", ["../../etc/passwd", "x\x00", JOB, JOB.upper(), image_id(JOB, 0, 0) + "\n", image_id(JOB, 0, 0).upper()])
def test_other_texts_are_no_ids(text: str) -> None:
    assert IMAGE_ID.fullmatch(text) is None
