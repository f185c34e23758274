"""ci/shard.py and the manifests: shards are a pure function, and every scheduler names one."""
import json
import pathlib
import shutil
import subprocess
import sys

import pytest

from ci import shard

ROOT = pathlib.Path(__file__).resolve().parent.parent


def run(*arguments, **env):
    return subprocess.run([sys.executable, "ci/shard.py", *arguments], cwd=ROOT, text=True,
                          capture_output=True, env={"PATH": "/usr/bin:/bin"} | env, check=False)


def test_a_shard_is_a_function_of_seed_index_count_and_time():
    plan = run("--plan", "8", "--out", "build/fleet", "--seed", "5", "--time", "9s")
    assert plan.returncode == 0
    lines = plan.stdout.splitlines()
    assert len(set(lines)) == 8
    assert lines == run("--plan", "8", "--out", "build/fleet", "--seed", "5", "--time",
                        "9s").stdout.splitlines()
    seeds = {shard.seed_of(5, k, 8) for k in range(1, 9)}
    assert len(seeds) == 8 and seeds.isdisjoint({shard.seed_of(6, k, 8) for k in range(1, 9)})


@pytest.mark.parametrize("environment", [
    {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_ARRAY_TASK_MIN": "1"},
    {"SLURM_ARRAY_TASK_ID": "2", "SLURM_ARRAY_TASK_COUNT": "8", "SLURM_ARRAY_TASK_MIN": "0"},
    {"JOB_COMPLETION_INDEX": "2", "JOB_COMPLETIONS": "8"},
    {"AWS_BATCH_JOB_ARRAY_INDEX": "2", "AWS_BATCH_JOB_ARRAY_SIZE": "8"},
    {"PARALLEL_SEQ": "3", "PARALLEL_TOTAL": "8"}])
def test_each_scheduler_says_which(environment):
    assert shard.shard_of(None, environment) == (3, 8)
    assert shard.shard_of("1/2", environment) == (1, 2)  # said is said


@pytest.mark.parametrize("arguments, env, says", [
    ((), {}, "no shard"), (("--shard", "9/8"), {}, "9/8"), (("--shard", "0/8"), {}, "0/8"),
    ((), {"JOB_COMPLETION_INDEX": "1"}, "JOB_COMPLETIONS is no number"),
    ((), {"AWS_BATCH_JOB_ARRAY_INDEX": "8", "AWS_BATCH_JOB_ARRAY_SIZE": "8"}, "outside")])
def test_no_shard_is_a_usage_error(arguments, env, says):
    ran = run("--out", "build/x", "--seed", "1", "--time", "1s", *arguments, **env)
    assert ran.returncode == 64 and says in ran.stderr and ran.stderr.count("\n") == 1


def test_the_batch_job_is_an_array_of_shards():
    job = json.loads((ROOT / "ci/fleet/aws-batch.json").read_text())
    size = job["arrayProperties"]["size"]
    told = {e["name"]: e["value"] for e in job["containerOverrides"]["environment"]}
    assert told == {"AWS_BATCH_JOB_ARRAY_SIZE": str(size)} and size >= 2
    assert job["containerOverrides"]["command"][1] == "ci/shard.py"
    assert job["retryStrategy"]["attempts"] == 1, "nothing is run again"
    assert {r["type"] for r in job["containerOverrides"]["resourceRequirements"]} == {
        "VCPU", "MEMORY"}


def test_the_kubernetes_job_is_indexed_and_never_run_again():
    yaml = pytest.importorskip("yaml")
    job = yaml.safe_load((ROOT / "ci/fleet/kubernetes.yaml").read_text())
    spec = job["spec"]
    assert (job["apiVersion"], job["kind"]) == ("batch/v1", "Job")
    assert spec["completionMode"] == "Indexed" and spec["backoffLimit"] == 0
    pod = spec["template"]["spec"]
    assert pod["restartPolicy"] == "Never"
    (container,) = pod["containers"]
    assert container["env"] == [{"name": "JOB_COMPLETIONS", "value": str(spec["completions"])}]
    assert container["resources"]["requests"] == container["resources"]["limits"]


@pytest.mark.parametrize("script", ["ci/slurm/shards.sbatch", "ci/fleet/gather.sh",
                                    "ci/fleet/parallel.sh", "ci/nightly.sh", "ci/bootstrap"])
def test_scripts_are_clean_and_tell_their_usage(script):
    subprocess.run([shutil.which("shellcheck"), ROOT / script], check=True)
    ran = subprocess.run([ROOT / script, "--no-such-option"], capture_output=True, text=True,
                         stdin=subprocess.DEVNULL, check=False)
    assert ran.returncode == 64 and "usage: " in ran.stderr
