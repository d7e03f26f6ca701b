"""What a folder with a model says about itself, and what is wrong with it, before anything of it is loaded."""

from __future__ import annotations

import json
import pickle
from pathlib import Path

import numpy as np
import pytest
from tests.unit.generation.engines.checkpoints.small_checkpoint import LAYERS, VOCABULARY, WIDTH, write_checkpoint

from octavo_core.errors import EngineError, Misconfigured
from octavo_generation.engines.checkpoints.checkpoint import open_checkpoint
from octavo_generation.engines.checkpoints.safetensors import read_header
from octavo_generation.engines.checkpoints.to_gguf import convert_gpt2


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_checkpoint(tmp_path / "model")


def test_a_whole_one_tells_its_kind_and_its_tensors(folder: Path) -> None:
    checkpoint = open_checkpoint(folder)

    assert (checkpoint.model_type, checkpoint.size("n_layer")) == ("gpt2", LAYERS)
    assert checkpoint.tensors["wte.weight"].shape == (VOCABULARY, WIDTH)
    assert checkpoint.parameters == sum(place.nbytes for place in checkpoint.tensors.values()) // 4
    assert checkpoint.tensors["ln_f.bias"].read().dtype == np.float32


def test_numbers_of_every_kind_of_float_come_out_the_same(tmp_path: Path) -> None:
    values = np.array([1.5, -2.0, 0.15625, 300.0], dtype=np.float32)
    raws = {
        "F64": values.astype("<f8").tobytes(),
        "F32": values.tobytes(),
        "F16": values.astype("<f2").tobytes(),
        "BF16": (values.view(np.uint32) >> 16).astype("<u2").tobytes(),
    }
    for kind, raw in raws.items():
        header = json.dumps({"x": {"dtype": kind, "shape": [4], "data_offsets": [0, len(raw)]}}).encode()
        file = tmp_path / f"{kind}.safetensors"
        file.write_bytes(len(header).to_bytes(8, "little") + header + raw)
        assert read_header(file)["x"].read().tolist() == values.tolist()


def test_a_pickle_is_named_and_never_read(tmp_path: Path) -> None:
    class Hostile:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path(tmp_path / "was-run").write_text, ("x",))

    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(Hostile()))
    with pytest.raises(Misconfigured, match=r"pytorch_model\.bin, which is a pickle"):
        open_checkpoint(folder)
    assert not (tmp_path / "was-run").exists()


@pytest.mark.parametrize("name", ["config.json", "tokenizer.json", "model.safetensors"])
def test_a_missing_file_is_named(folder: Path, name: str) -> None:
    (folder / name).unlink()
    with pytest.raises(Misconfigured, match=r"safetensors" if name.startswith("model") else name):
        open_checkpoint(folder)


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    with pytest.raises(Misconfigured, match="does not exist"):
        open_checkpoint(tmp_path / "nowhere")


@pytest.mark.parametrize("left", [0, 5, 8, 200, -1, -500])
def test_a_file_that_was_cut_off_is_told_without_loading_it(folder: Path, left: int) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:left])
    with pytest.raises(EngineError, match=r"cut off|only the beginning|cannot be read"):
        open_checkpoint(folder)


@pytest.mark.parametrize(
    "entry",
    [
        {"dtype": "F32", "shape": [2], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": [1], "data_offsets": [-4, 0]},
        {"dtype": "Q9", "shape": [1], "data_offsets": [0, 4]},
        {"dtype": "F32", "shape": "x"},
        7,
    ],
)
def test_a_header_that_lies_is_refused(tmp_path: Path, entry: object) -> None:
    header = json.dumps({"x": entry}).encode()
    file = tmp_path / "model.safetensors"
    file.write_bytes(len(header).to_bytes(8, "little") + header + b"1234")
    with pytest.raises(EngineError):
        read_header(file)


def test_a_header_longer_than_the_file_takes_no_memory(tmp_path: Path) -> None:
    file = tmp_path / "model.safetensors"
    file.write_bytes((2**62).to_bytes(8, "little") + b"{}")
    with pytest.raises(EngineError, match="only the beginning"):
        read_header(file)


def test_an_index_that_names_more_than_there_is_tells_a_model_that_is_not_whole(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"h.9.ln_1.bias": "model-2.safetensors"}}))
    with pytest.raises(EngineError, match="not whole"):
        open_checkpoint(folder)


def test_another_architecture_is_not_taken_for_gpt2(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_checkpoint(tmp_path / "model", model_type="mamba"))
    with pytest.raises(Misconfigured, match="is a mamba"):
        convert_gpt2(checkpoint, tmp_path / "model.gguf", "float32")


def test_a_size_that_is_none_is_told(tmp_path: Path) -> None:
    checkpoint = open_checkpoint(write_checkpoint(tmp_path / "model", n_layer="many"))
    with pytest.raises(EngineError, match="n_layer"):
        checkpoint.size("n_layer")
