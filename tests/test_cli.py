"""The command line: what it prints, and what it refuses with one message and no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from qjax import cli
from qjax.experiments import RunFolder, find, names


def test_list_shows_every_experiment_with_paper_and_time(capsys):
    assert cli.main(["list"]) == 0
    out = capsys.readouterr().out
    for name in names():
        assert name in out
        assert find(name).paper in out
    assert "3 min" in out
    assert "epochs=500" in out


def test_info_names_versions_devices_cache_and_memory(capsys):
    assert cli.main(["info"]) == 0
    out = capsys.readouterr().out
    for word in ("jax", "python", "cpu 0", "memory", "GiB", "compiled programs"):
        assert word in out


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["run", "qhe-digit"], ["no experiment 'qhe-digit'", "did you mean qhe-digits?"]),
        (["run", "qhe-digits", "--set", "epoch=3"], ["no setting 'epoch'", "epochs=500"]),
        (["run", "qhe-digits", "--set", "epochs=many"], ["epochs cannot be 'many'", "int"]),
        (["run", "qhe-digits", "--set", "forms=other"], ["shared or separate"]),
        (["run", "h2-curve", "--seeds", "0"], ["seeds is too small"]),
        (["run", "h2-curve", "--resume"], ["no unfinished run of h2-curve"]),
        (["run", "h2-curve", "--resume", "nowhere"], ["not a run folder"]),
        (["run", "all", "--set", "seed=1"], ["need one experiment"]),
        (["sweep", "h2-curve"], ["a sweep needs a grid", "h2-curve has seed=0", "layers=7"]),
        (["explain", "nothing.qasm"], ["nothing.qasm"]),
    ],
)
def test_refusals_are_one_message_and_exit_code_two(
    arguments, words, capsys, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    assert cli.main(arguments) == cli.REFUSED
    err = capsys.readouterr().err
    assert err.startswith("error:")
    assert "Traceback" not in err
    for word in words:
        assert word in " ".join(err.split())
    assert not (tmp_path / "runs").exists()


def test_the_bare_command_shows_its_help(capsys):
    assert cli.main([]) == 0
    out = capsys.readouterr().out
    for word in ("list", "run", "sweep", "explain", "show the experiments"):
        assert word in out


def test_explain_tells_what_an_experiment_takes(capsys):
    assert cli.main(["explain", "h2-curve", "--set", "layers=2"]) == 0
    out = capsys.readouterr().out
    assert "4 qubits" in out


def test_an_interrupt_says_how_to_resume(capsys, tmp_path, monkeypatch):
    from qjax.train import loop

    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(loop.jax.lax, "scan", interrupted)
    arguments = ["run", "qhe-digits", "--quick", "--out", str(tmp_path)]
    assert cli.main(arguments) == cli.INTERRUPTED
    out = capsys.readouterr().out
    (folder,) = tmp_path.glob("qhe-digits-*")
    assert f"qjax run qhe-digits --resume {folder}" in out.replace("\n", "")
    assert RunFolder.newest(tmp_path, "qhe-digits").path == folder


def test_the_cache_is_where_the_environment_says(monkeypatch):
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", "here")
    assert cli.cache_folder() == Path("here")
    monkeypatch.delenv("JAX_COMPILATION_CACHE_DIR")
    assert cli.cache_folder() == Path.home() / ".cache" / "qjax" / "jax"


def test_the_command_keeps_compiled_programs_and_the_import_does_not(tmp_path):
    code = (
        "import jax, qjax; before = jax.config.jax_compilation_cache_dir;"
        "from qjax import cli; cli.main(['list']);"
        "print(before, jax.config.jax_compilation_cache_dir)"
    )
    environment = {k: v for k, v in os.environ.items() if k != "JAX_COMPILATION_CACHE_DIR"}
    environment |= {"HOME": str(tmp_path), "PYTHONPATH": str(Path(__file__).resolve().parents[1])}
    run = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, timeout=120
    )
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines()[-1] == f"None {tmp_path}/.cache/qjax/jax"
