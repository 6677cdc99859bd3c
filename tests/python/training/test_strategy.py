import json
import os
import socket
import subprocess
import sys
import threading
from pathlib import Path

import numpy as np
import pytest
from python.training import worker

from pytrain.errors import TrainingError
from pytrain.training import strategy
from pytrain.training.strategy import alone, open_workers, read_cluster

ROOT = Path(__file__).parents[3]


def config(*addresses, index=0, kind="worker"):
    return json.dumps({"cluster": {"worker": list(addresses)}, "task": {"type": kind, "index": index}})


def free_ports(count):
    doors = [socket.create_server(("", 0)) for _ in range(count)]
    ports = [door.getsockname()[1] for door in doors]
    for door in doors:
        door.close()
    return ports


def two_workers(folder, *whats):
    """Starts two real workers and waits for both: their exit codes and what they said."""
    addresses = [f"localhost:{port}" for port in free_ports(2)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    processes = []
    for index, what in enumerate(whats):
        (folder / str(index)).mkdir(parents=True, exist_ok=True)
        processes.append(
            subprocess.Popen(
                [sys.executable, worker.__file__, str(folder / str(index)), what],
                env={**environment, "TF_CONFIG": config(*addresses, index=index)},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
        )
    try:
        said = [process.communicate(timeout=180) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return [process.returncode for process in processes], [out + err for out, err in said]


def saved(path):
    with np.load(path) as arrays:
        return {name: arrays[name] for name in arrays.files}


@pytest.fixture(scope="module")
def one_process(tmp_path_factory):
    """The model and the result of the same training in this process."""
    return worker.train(tmp_path_factory.mktemp("alone"))


def test_two_workers_reach_what_one_process_reaches(tmp_path, one_process):
    codes, said = two_workers(tmp_path, "trains", "trains")
    assert codes == [0, 0], said
    model, result = one_process
    chief, other = (saved(tmp_path / name / f"worker{name}.npz") for name in ("0", "1"))
    for number, weights in enumerate(model.get_weights()):
        np.testing.assert_allclose(chief[f"arr_{number}"], weights, atol=1e-4)
        np.testing.assert_array_equal(chief[f"arr_{number}"], other[f"arr_{number}"])
    np.testing.assert_allclose(chief["losses"], [row["val_loss"] for row in result.history], atol=1e-4)
    assert result.kept


@pytest.mark.thorough
def test_a_worker_that_is_lost_stops_the_others_and_all_go_on_later(tmp_path, one_process):
    codes, said = two_workers(tmp_path, "trains", "fails")
    assert codes == [2, 1], said
    assert "connection to another worker was lost" in said[0]
    # Only the chief writes files, so the other one's run folder is not even there.
    assert (tmp_path / "0" / "run" / "fine-tuning.npz").is_file()
    assert not (tmp_path / "1" / "run").exists()

    codes, said = two_workers(tmp_path, "resumes", "resumes")
    assert codes == [0, 0], said
    chief = saved(tmp_path / "0" / "worker0.npz")
    for number, weights in enumerate(one_process[0].get_weights()):
        np.testing.assert_allclose(chief[f"arr_{number}"], weights, atol=1e-4)


def test_workers_end_when_their_chief_is_killed(tmp_path):
    codes, said = two_workers(tmp_path, "dies", "trains")
    assert codes == [-9, 2], said
    assert "connection to another worker was lost" in said[1]


MIRRORED = """
import sys
from pathlib import Path
import numpy as np
from pytrain.model.backend import tf
tf.config.set_logical_device_configuration(
    tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 3
)
from python.training import worker
from pytrain.training import strategy
with strategy.Workers(tf.distribute.MirroredStrategy(["CPU:0", "CPU:1", "CPU:2"])) as workers:
    assert workers.devices == 3
    model, result = worker.train(Path(sys.argv[1]), workers)
np.savez(Path(sys.argv[1]) / "weights.npz", *model.get_weights())
"""


def test_three_devices_reach_what_one_reaches(tmp_path, one_process):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "tests")])}
    subprocess.run([sys.executable, "-c", MIRRORED, str(tmp_path)], env=environment, check=True, timeout=180)
    mirrored = saved(tmp_path / "weights.npz")
    for number, weights in enumerate(one_process[0].get_weights()):
        np.testing.assert_allclose(mirrored[f"arr_{number}"], weights, atol=1e-4)


def test_one_process_has_everything():
    workers = alone()
    assert workers.chief
    assert list(workers.shard(3)) == [0, 1, 2]
    rows = np.arange(6).reshape(3, 2)
    assert np.array_equal(workers.gather(rows, 3), rows)
    assert workers.broadcast(b"x") == b"x"


def test_every_picture_belongs_to_one_worker():
    workers = [strategy.Workers(None, index, 3) for index in range(3)]
    assert sorted(row for each in workers for row in each.shard(10)) == list(range(10))
    assert [each.chief for each in workers] == [True, False, False]


def test_mirrored_takes_what_is_there():
    with open_workers("mirrored") as workers:
        assert workers.devices >= 1
        assert workers.count == 1


def test_an_unknown_strategy_is_refused():
    with pytest.raises(TrainingError, match="no strategy 'tpu'") as error:
        open_workers("tpu")
    assert "mirrored, multi-worker" in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "is not set"),
        (" ", "is not set"),
        ("{", "is not JSON"),
        ("[]", 'lacks "cluster" or "task"'),
        ('{"cluster": {"worker": ["a:1"]}}', 'lacks "cluster" or "task"'),
        ('{"cluster": {}, "task": {"type": "worker", "index": 0}}', 'names no "worker"'),
        (config("a:1", "a:1"), "names an address twice"),
        (config("a:1", "b"), "has the address 'b'"),
        (config("a:1", "b:99999"), "has the address 'b:99999'"),
        (config("a:1", 5), "has the address 5"),
        (config("a:1", "b:1", index=2), "index 2, but lists 2"),
        (config("a:1", "b:1", index=-1), "index -1, but lists 2"),
        (config("a:1", "b:1", index="0"), "index '0', but lists 2"),
        (config("a:1", "b:1", kind="ps"), "type 'ps', which cannot train"),
        (config("a:1", "b:1", kind="chief"), "type 'chief', which cannot train"),
        ('{"cluster": {"worker": "a:1"}, "task": {"type": "worker", "index": 0}}', "as 'a:1'"),
    ],
)
def test_a_broken_tf_config_is_told(text, said):
    with pytest.raises(TrainingError, match="TF_CONFIG") as error:
        read_cluster(text)
    assert said in str(error.value)


def test_tf_config_gives_the_workers_in_order_with_the_chief_first():
    assert read_cluster(config("a:1", "b:2", index=1)) == (["a:1", "b:2"], 1)
    cluster = {"chief": ["c:3"], "worker": ["a:1", "b:2"]}
    text = json.dumps({"cluster": cluster, "task": {"type": "worker", "index": 1}, "environment": "cloud"})
    assert read_cluster(text) == (["c:3", "a:1", "b:2"], 2)


def test_a_worker_that_does_not_come_is_named(monkeypatch):
    here, nobody = free_ports(2)
    monkeypatch.setenv("TF_CONFIG", config(f"localhost:{here}", f"localhost:{nobody}"))
    told = []
    with pytest.raises(TrainingError, match=f"still no worker at localhost:{nobody}"):
        open_workers("multi-worker", told.append, timeout=1)
    assert told == [f"Waiting for the worker at localhost:{nobody}."]


def test_another_program_at_an_address_is_no_worker(monkeypatch):
    (here,) = free_ports(1)
    with socket.create_server(("", 0)) as stranger:
        there = stranger.getsockname()[1]
        monkeypatch.setenv("TF_CONFIG", config(f"localhost:{here}", f"localhost:{there}"))
        with pytest.raises(TrainingError, match=f"still no worker at localhost:{there}"):
            open_workers("multi-worker", lambda text: None, timeout=1)


def test_a_port_that_is_taken_is_told(monkeypatch):
    with socket.create_server(("", 0)) as taken:
        port = taken.getsockname()[1]
        monkeypatch.setenv("TF_CONFIG", config(f"localhost:{port}", "localhost:1"))
        with pytest.raises(TrainingError, match=f"Port {port}, this worker's"):
            open_workers("multi-worker", lambda text: None, timeout=1)


def test_workers_of_different_clusters_do_not_mix(monkeypatch):
    here, there = free_ports(2)
    addresses = [f"localhost:{here}", f"localhost:{there}"]
    errors = []

    def meet(cluster, index):
        try:
            strategy._meet(cluster, index, 5, lambda text: None)
        except TrainingError as error:
            errors.append(str(error))

    thread = threading.Thread(target=meet, args=([*addresses, "localhost:1"], 1))
    thread.start()
    meet(addresses, 0)
    thread.join()
    # Who hears of it first ends, and the other may wait for it in vain.
    assert len(errors) == 2
    assert any("another cluster in its TF_CONFIG" in error for error in errors), errors
