"""A weight file gives tensors and can do nothing else."""

import collections
import io
import os
import pickle
import struct

import numpy as np
import pytest

from pytrain.errors import ModelError
from pytrain.model.torch_weights import MAGIC, VERSION, read_tensors


class Reference:
    """A storage that is mentioned in the pickle and follows it."""

    def __init__(self, key, kind, length):
        self.id = ("storage", kind, key, "cpu", length, None)


class Named:
    """Something that pickles as a global name of a module that is not here."""

    def __init__(self, module, name):
        self.module, self.name = module, name


class Call:
    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments


class Writer(pickle._Pickler):
    """Writes what torch.save would, and what an attacker would."""

    def persistent_id(self, obj):
        return obj.id if isinstance(obj, Reference) else None

    def save(self, obj, *rest, **options):
        if isinstance(obj, Named):
            self.write(pickle.GLOBAL + f"{obj.module}\n{obj.name}\n".encode())
        elif isinstance(obj, Call):
            self.save(obj.function)
            self.save(obj.arguments)
            self.write(pickle.REDUCE)
        else:
            super().save(obj, *rest, **options)


FLOATS, LONGS = Named("torch", "FloatStorage"), Named("torch", "LongStorage")


def tensor(key, kind, length, offset, shape, steps):
    rebuild = Named("torch._utils", "_rebuild_tensor_v2")
    storage = Reference(key, kind, length)
    return Call(rebuild, storage, offset, shape, steps, False, collections.OrderedDict())


def weight_file(path, state, storages, keys=None, little_endian=True):
    stream = io.BytesIO()
    machine = {"protocol_version": VERSION, "little_endian": little_endian, "type_sizes": {}}
    for part in (MAGIC, VERSION, machine, state, keys or sorted(storages)):
        Writer(stream, 2).dump(part)
    for key in keys or sorted(storages):
        numbers = storages[key]
        stream.write(struct.pack("<q", numbers.size) + numbers.tobytes())
    path.write_bytes(stream.getvalue())
    return path


SIX = {"7": np.arange(6, dtype=np.float32)}


def test_tensors_come_with_their_shape_type_and_order(tmp_path):
    state = collections.OrderedDict(
        kernel=tensor("7", FLOATS, 6, 0, (2, 3), (3, 1)),
        turned=tensor("7", FLOATS, 6, 0, (3, 2), (1, 3)),
        tail=tensor("7", FLOATS, 6, 4, (2,), (1,)),
        count=tensor("8", LONGS, 1, 0, (), ()),
    )
    found = read_tensors(weight_file(tmp_path / "w.pth", state, {**SIX, "8": np.array([5], np.int64)}))
    assert list(found) == ["kernel", "turned", "tail", "count"]
    np.testing.assert_array_equal(found["kernel"], [[0, 1, 2], [3, 4, 5]])
    np.testing.assert_array_equal(found["turned"], [[0, 3], [1, 4], [2, 5]])
    np.testing.assert_array_equal(found["tail"], [4, 5])
    assert found["kernel"].dtype == np.float32
    assert found["count"].dtype == np.int64
    assert found["count"] == 5


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("builtins", "eval"),
        ("torch", "load"),
        ("collections", "Counter"),
        ("numpy", "load"),
    ],
)
def test_no_other_function_is_called(tmp_path, module, name):
    target = tmp_path / "made"
    state = {"a": Call(Named(module, name), f"touch {target}")}
    with pytest.raises(ModelError, match=f"asks for {module}.{name}, which may run code"):
        read_tensors(weight_file(tmp_path / "w.pth", state, {}))
    assert not target.exists()


def test_an_ordinary_malicious_pickle_is_refused(tmp_path):
    class Evil:
        def __reduce__(self):
            return os.mkdir, (str(tmp_path / "made"),)

    path = tmp_path / "w.pth"
    path.write_bytes(pickle.dumps(Evil()))
    with pytest.raises(ModelError, match="which may run code"):
        read_tensors(path)
    assert not (tmp_path / "made").exists()


@pytest.mark.parametrize(
    "outside",
    [
        (0, (7,), (1,)),
        (3, (2, 3), (3, 1)),
        (0, (2, 3), (4, 1)),
        (-1, (2,), (1,)),
        (0, (2,), (-1,)),
        (0, (-2,), (1,)),
        (0, (2, 3), (1,)),
    ],
)
def test_a_tensor_cannot_reach_outside_its_storage(tmp_path, outside):
    state = {"a": tensor("7", FLOATS, 6, *outside)}
    with pytest.raises(ModelError, match="cannot be read as PyTorch weights"):
        read_tensors(weight_file(tmp_path / "w.pth", state, SIX))


@pytest.mark.parametrize(
    ("state", "options", "message"),
    [
        ({"a": tensor("7", FLOATS, 9, 0, (2,), (1,))}, {}, "storage 7 has 6 numbers instead of 9"),
        ({"a": [1, 2]}, {"keys": ["7"]}, "something else than named tensors"),
        ([1, 2], {"keys": ["7"]}, "something else than named tensors"),
        ({"a": tensor("7", FLOATS, 6, 0, (2,), (1,))}, {"little_endian": False}, "greatest byte first"),
        ({"a": Call(FLOATS, 1)}, {}, "not callable"),
    ],
)
def test_what_is_wrong_is_said(tmp_path, state, options, message):
    with pytest.raises(ModelError, match=message):
        read_tensors(weight_file(tmp_path / "w.pth", state, SIX, **options))


@pytest.mark.parametrize("size", [0, 1, 10, 100, -4, -1])
def test_a_file_cut_off_is_refused_wherever_the_cut_is(tmp_path, size):
    path = weight_file(tmp_path / "w.pth", {"a": tensor("7", FLOATS, 6, 0, (6,), (1,))}, SIX)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ModelError, match="cannot be read as PyTorch weights"):
        read_tensors(path)


def test_bytes_too_many_are_refused(tmp_path):
    path = weight_file(tmp_path / "w.pth", {"a": tensor("7", FLOATS, 6, 0, (6,), (1,))}, SIX)
    path.write_bytes(path.read_bytes() + b"!")
    with pytest.raises(ModelError, match="1 bytes too many"):
        read_tensors(path)


def test_the_hash_is_looked_at_before_anything_else(tmp_path):
    path = tmp_path / "w.pth"
    path.write_bytes(b"no pickle at all")
    with pytest.raises(ModelError, match="is damaged or another file") as error:
        read_tensors(path, sha256="ab" * 32)
    assert "Expected: " + "ab" * 32 in str(error.value)


def test_the_newer_zip_kind_is_named(tmp_path):
    path = tmp_path / "w.pth"
    path.write_bytes(b"PK\x03\x04" + bytes(100))
    with pytest.raises(ModelError, match="is of the zip kind"):
        read_tensors(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ModelError, match=r"gone\.pth cannot be read: No such file"):
        read_tensors(tmp_path / "gone.pth")
