"""ci/deps.sh, with dpkg-query, apt-get, sudo and id replaced by stand-ins."""
import os
import pathlib
import shutil
import subprocess

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "ci/deps.sh"
TOOLS = ["bash", "env", "grep", "cat"]


@pytest.fixture
def machine(tmp_path):
    """A machine of stand-ins: `installed` holds its packages, `log` what was run."""
    tools = tmp_path / "tools"
    tools.mkdir()
    for name in TOOLS:
        (tools / name).symlink_to(shutil.which(name))

    def tool(name, body):
        path = tools / name
        path.write_text("#!/bin/bash\n" + body)
        path.chmod(0o755)

    class Machine:
        log = tmp_path / "log"
        installed = tmp_path / "installed"

        def run(self, *args):
            return subprocess.run(["bash", SCRIPT, *args], env={"PATH": str(tools)},
                                  stdin=subprocess.DEVNULL, capture_output=True, text=True,
                                  check=False)

        def did(self):
            return self.log.read_text().splitlines() if self.log.exists() else []

        def lacks(self, name):
            os.unlink(tools / name)

    it = Machine()
    it.tool = tool
    packages = [line.split()[-1] for line in it.run("--list").stdout.splitlines()]
    it.installed.write_text("".join(f"installed {name}\n" for name in packages))
    tool("dpkg-query", f"cat {it.installed}\n")
    tool("id", "echo 1000\n")
    tool("sudo", f'echo "sudo $*" >> {it.log}; exec "$@"\n')
    tool("apt-get", f'echo "apt-get $*" >> {it.log}\n'
                    '[ "$1" = install ] || exit 0\n'
                    f'for word; do echo "installed $word" >> {it.installed}; done\n')
    return it


def remove(machine, name):
    text = machine.installed.read_text()
    assert f"installed {name}\n" in text
    machine.installed.write_text(text.replace(f"installed {name}\n", ""))


def test_nothing_missing_nothing_done(machine):
    ran = machine.run()
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "", "")
    assert machine.did() == []


def test_only_what_is_missing_and_only_then_sudo(machine):
    remove(machine, "shellcheck")
    remove(machine, "hwloc")  # the second of two alternatives
    ran = machine.run()
    assert ran.returncode == 0, ran.stderr
    assert "missing: hwloc-nox shellcheck" in ran.stderr
    assert [line for line in machine.did() if line.startswith("apt-get")] == [
        "apt-get install -y -qq --no-install-recommends hwloc-nox shellcheck"]
    assert machine.did()[0].startswith("sudo env ")
    machine.log.unlink()
    assert machine.run().returncode == 0
    assert machine.did() == []


def test_root_needs_no_sudo(machine):
    remove(machine, "gcc")
    machine.tool("id", "echo 0\n")
    assert machine.run().returncode == 0
    assert not any("sudo" in line for line in machine.did())


def test_package_lists_are_fetched_when_the_first_try_fails(machine):
    remove(machine, "gcc")
    machine.tool("apt-get", f'echo "apt-get $1" >> {machine.log}\n'
                            f'grep -q update {machine.log} || exit 100\n'
                            f'echo "installed gcc" >> {machine.installed}\n')
    assert machine.run().returncode == 0
    assert [line for line in machine.did() if line.startswith("apt-get")] == [
        "apt-get install", "apt-get update", "apt-get install"]


def test_an_install_that_installs_nothing_is_an_error(machine):
    remove(machine, "gcc")
    machine.tool("apt-get", "exit 0\n")
    ran = machine.run()
    assert ran.returncode == 2
    assert "still missing: gcc" in ran.stderr


@pytest.mark.parametrize("tool, says", [("apt-get", "no apt-get"), ("sudo", "as root: apt-get"),
                                        ("dpkg-query", "not Debian")])
def test_clear_refusals(machine, tool, says):
    remove(machine, "gcc")
    machine.lacks(tool)
    ran = machine.run()
    assert ran.returncode == 2
    assert says in ran.stderr
    assert "gcc" in ran.stderr
    assert machine.did() == []


def test_usage(machine):
    assert machine.run("--help").returncode == 64


def test_shellcheck():
    scripts = [SCRIPT, SCRIPT.parent.parent / ".ci/run"]
    subprocess.run(["shellcheck", *scripts], check=True)
