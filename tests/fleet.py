"""A real Slurm of one node, an array job a matrix; GNU parallel over a real ssh: make check-fleet,
not make check.

Its storms are pretended (tests/fakes/storm.py), so that totals can be compared to the last
round.
"""
import json
import os
import pathlib
import shutil
import socket
import subprocess
import sys
import time

import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))
from test_reports_matrix import make  # noqa: E402

from reports import folder  # noqa: E402

ROOT = pathlib.Path(__file__).resolve().parent.parent
SHARDS = 8
CONFIG = """ClusterName=rig
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={port}
SlurmdPort={peer}
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket={top}/munge.socket
CredType=cred/munge
StateSaveLocation={top}/state
SlurmdSpoolDir={top}/spool
SlurmctldPidFile={top}/slurmctld.pid
SlurmdPidFile={top}/slurmd.pid
SlurmctldLogFile={top}/slurmctld.log
SlurmdLogFile={top}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/affinity
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/filetxt
JobCompLoc={top}/jobs.txt
MpiDefault=none
SwitchType=switch/none
ReturnToService=2
SchedulerParameters=sched_interval=1
OverTimeLimit=0
KillWait=2
NodeName={host} NodeAddr=127.0.0.1 CPUs={cpus} State=UNKNOWN
PartitionName=all Nodes=ALL Default=YES MaxTime=INFINITE State=UP
"""


class Slurm:
    """One node: munged, slurmctld, slurmd, all of this test's own."""

    def __init__(self, top):
        self.top, self.daemons = top, []
        self.environment = os.environ | {"SLURM_CONF": str(top / "slurm.conf")}
        host = os.uname().nodename.split(".")[0]
        port = 20000 + os.getpid() % 20000
        (top / "slurm.conf").write_text(CONFIG.format(
            host=host, top=top, port=port, peer=port + 1, cpus=len(os.sched_getaffinity(0))))
        for name in ("state", "spool"):
            (top / name).mkdir()
        (top / "munge.key").write_bytes(os.urandom(128))
        (top / "munge.key").chmod(0o400)
        top.chmod(0o755)
        self.start("munged", "--foreground", "--force", f"--key-file={top}/munge.key",
                   f"--socket={top}/munge.socket", f"--pid-file={top}/munged.pid",
                   f"--log-file={top}/munged.log", f"--seed-file={top}/munged.seed")
        self.until(lambda: (top / "munge.socket").exists(), "munged")
        self.start("slurmctld", "-D", "-c", "-f", f"{top}/slurm.conf")
        self.until(lambda: self.run("scontrol", "ping").returncode == 0, "slurmctld")
        self.start("slurmd", "-D", "-f", f"{top}/slurm.conf", "-N", host)
        self.until(lambda: "idle" in self.run("sinfo", "-h", "-o", "%T").stdout, "slurmd")

    def start(self, *command):
        log = (self.top / f"{command[0]}.out").open("w")
        self.daemons.append(subprocess.Popen(
            [shutil.which(command[0]) or f"/usr/sbin/{command[0]}", *command[1:]],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment))

    def run(self, *command):
        return subprocess.run(command, env=self.environment, cwd=ROOT, capture_output=True,
                              text=True, stdin=subprocess.DEVNULL, check=False)

    def until(self, there, what, patience=120):
        end = time.monotonic() + patience
        while not there():
            assert time.monotonic() < end, f"{what} did not come: {self.logs()}"
            assert all(d.poll() is None for d in self.daemons), self.logs()
            time.sleep(0.2)

    def logs(self):
        return "\n".join(p.read_text()[-1500:] for p in sorted(self.top.glob("*.log"))
                         + sorted(self.top.glob("*.out")))

    def stop(self):
        for daemon in reversed(self.daemons):
            daemon.terminate()
            try:
                daemon.wait(20)
            except subprocess.TimeoutExpired:
                daemon.kill()
                daemon.wait()


@pytest.fixture(scope="module")
def slurm(tmp_path_factory):
    """A running Slurm; the test is skipped where it cannot be."""
    if os.geteuid() != 0 or not shutil.which("sbatch"):
        pytest.skip("a Slurm of one's own wants root and slurm-wlm, munge: ci/deps.sh fleet")
    it = Slurm(tmp_path_factory.mktemp("slurm"))
    yield it
    it.stop()


def submit(slurm, out, build, *options, array=f"1-{SHARDS}", total=None):
    """Submits shards as people would; total: of how many, if not all are submitted."""
    if total:
        options = (*options, f"--export=ALL,STORMRIG_SHARDS={total}")
    return slurm.run("sbatch", "--wait", f"--array={array}", "-n1", f"--chdir={ROOT}",
                     f"--output={out}/%a.log", *options, "ci/slurm/shards.sbatch", str(out), "7",
                     "4s", "--", "--rig-build", str(build))


def by_hand(out, build, number, total=SHARDS):
    return subprocess.run([sys.executable, "ci/shard.py", "--shard", f"{number}/{total}", "--out",
                           out, "--seed", "7", "--time", "4s", "--", "--rig-build", build],
                          cwd=ROOT, capture_output=True, text=True, stdin=subprocess.DEVNULL,
                          check=False)


def gather(out):
    return subprocess.run(["ci/fleet/gather.sh", out], cwd=ROOT, capture_output=True, text=True,
                          check=False)


def pretended(root, variants=12, **more):
    """A build with more races than shards."""
    names = {chr(ord("B") + n): "catch" for n in range(variants - 1)}
    return make(root, fixed="quiet", **(names | more)) / "build"


def totals(out):
    """What a merged run adds up to, whoever ran it and when."""
    run = folder.load(pathlib.Path(out) / "merged")
    planned = sorted((p["target"], p["case"], p["variant"], p["role"])
                     for p in run.header["planned"])
    seen = {}
    for line in run.slices:
        key = line["target"], line["case"], line["variant"]
        seen[key] = seen.get(key, 0) + (line["state"] == "ok" and line["role"] != "list")
    return planned, sorted(seen)


def test_shards_over_slurm_are_the_runs_by_hand(slurm, tmp_path):
    build = pretended(tmp_path)
    here, there = tmp_path / "hand", tmp_path / "slurm"
    there.mkdir()
    for number in range(1, SHARDS + 1):
        ran = by_hand(here, build, number)
        assert ran.returncode in (0, 1), ran.stdout + ran.stderr
    ran = submit(slurm, there, build)
    assert ran.returncode in (0, 1), ran.stdout + ran.stderr + slurm.logs()
    assert gather(here).returncode == gather(there).returncode == 0, gather(there).stdout
    assert totals(here) == totals(there)
    for number in range(1, SHARDS + 1):
        one, other = (json.loads((out / f"shard-{number}-of-{SHARDS}/run.json").read_text())
                      for out in (here, there))
        assert one["seed"] == other["seed"] and one["planned"] == other["planned"]
        assert other["state"] == "complete"


def test_a_killed_task_and_a_late_one_are_missing_exposure(slurm, tmp_path):
    """Neither comes to its end; neither is a pass."""
    out = tmp_path / "out"
    out.mkdir()
    good, build = pretended(tmp_path / "good"), pretended(tmp_path / "endless")
    assert submit(slurm, out, good, array=f"1-{SHARDS - 2}", total=SHARDS).returncode in (0, 1)
    for behaviour in build.rglob("behaviour.json"):
        cases = json.loads(behaviour.read_text())
        for case in cases.values():
            case["sleep"] = 600
        behaviour.write_text(json.dumps(cases))
    wrapped = f"{sys.executable} ci/shard.py --out {out} --seed 7 --time 4s --shard " + "{}/8" \
        f" -- --rig-build {build} --rig-grace 900"
    killed = slurm.run("sbatch", "--parsable", f"--chdir={ROOT}", f"--output={out}/7.log",
                       "--wrap", "exec " + wrapped.format(7)).stdout.strip()
    slurm.until(lambda: (out / "shard-7-of-8/run.json").exists(), "shard 7")
    assert slurm.run("scancel", "--signal=KILL", "--full", killed).returncode == 0
    late = slurm.run("sbatch", "--wait", "--time=0:05", f"--chdir={ROOT}",
                     f"--output={out}/8.log", "--wrap", "exec " + wrapped.format(8))
    assert late.returncode != 0
    slurm.until(lambda: not slurm.run("squeue", "-h").stdout.strip(), "the end of all tasks")
    ran = gather(out)
    assert ran.returncode == 1, ran.stdout + ran.stderr
    for number in (7, 8):
        assert f"shard {number} of 8 " in ran.stderr
    assert "INCONCLUSIVE" in ran.stdout


# --- the small fleet ---

SSHD = """Port {port}
ListenAddress 127.0.0.1
HostKey {top}/host
AuthorizedKeysFile {top}/user.pub
PidFile {top}/sshd.pid
StrictModes no
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
"""


@pytest.fixture(scope="module")
def ssh(tmp_path_factory):
    """The ssh command that reaches this machine; the test is skipped where that cannot be."""
    sshd = shutil.which("sshd") or shutil.which("/usr/sbin/sshd")
    for tool, package in ((sshd, "openssh-server"), (shutil.which("ssh"), "openssh-client"),
                          (shutil.which("parallel"), "parallel"),
                          (shutil.which("rsync"), "rsync")):
        if not tool:
            pytest.skip(f"{package} is not installed")
    top = tmp_path_factory.mktemp("ssh")
    for name in ("host", "user"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", top / name],
                       check=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (top / "sshd_config").write_text(SSHD.format(port=port, top=top))
    if os.geteuid() == 0:  # where sshd's other half lives
        pathlib.Path("/run/sshd").mkdir(exist_ok=True)
    with (top / "log").open("w") as log:
        daemon = subprocess.Popen([sshd, "-D", "-e", "-f", top / "sshd_config"],
                                  stdin=subprocess.DEVNULL, stdout=log, stderr=log)
    command = f"ssh -p {port} -i {top}/user -o BatchMode=yes -o UserKnownHostsFile={top}/known " \
              "-o StrictHostKeyChecking=no -o LogLevel=ERROR 127.0.0.1"
    end = time.monotonic() + 120
    while subprocess.run([*command.split(), "true"], stdin=subprocess.DEVNULL,
                         capture_output=True, check=False).returncode:
        assert daemon.poll() is None and time.monotonic() < end, (top / "log").read_text()
        time.sleep(0.2)
    yield command
    daemon.terminate()
    daemon.wait()


@pytest.fixture(name="place")
def fixture_place():
    """A folder in the tree, as parallel.sh asks for."""
    place = ROOT / f"build/parallel-{os.getpid()}"
    shutil.rmtree(place, ignore_errors=True)
    yield place
    shutil.rmtree(place, ignore_errors=True)


def parallel(place, build, *hosts):
    return subprocess.run(["ci/fleet/parallel.sh", place.relative_to(ROOT), "7", "4s", *hosts,
                           "--", "--rig-build", build], cwd=ROOT, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL, check=False)


def test_shards_over_ssh_are_the_runs_by_hand(ssh, place, tmp_path):
    build = pretended(tmp_path)
    for number in (1, 2):
        assert by_hand(tmp_path / "hand", build, number, 2).returncode in (0, 1)
    assert gather(tmp_path / "hand").returncode == 0
    ran = parallel(place, build, ssh, ":")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert totals(place) == totals(tmp_path / "hand")


def test_a_host_that_does_not_answer_is_missing_exposure(ssh, place, tmp_path):
    ran = parallel(place, pretended(tmp_path), ":", ssh.replace("ssh -p ", "ssh -p 1 -p "))
    assert ran.returncode == 1, ran.stdout + ran.stderr
    assert "of 2 is missing" in ran.stderr and "1 shards were not as expected" in ran.stderr
