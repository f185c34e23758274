"""What ci/check_arm64.py says of races: under an emulator few hits are told, more are failures."""
import json

import pytest

from ci import check_arm64


@pytest.mark.parametrize("emulator, rounds, hits, failed, said", [
    (["env"], 10000, 0, 0, ""),
    (["env"], 10000, 10, 0, "a rare failure: race: {'lost_wakeup': 10} in 10000"),
    (["env"], 10000, 11, 1, "FAILED: race: {'lost_wakeup': 11} in 10000 rounds: storm --again"),
    (["env"], 0, 1, 1, "in 0 rounds"),
    ([], 10000, 1, 1, "status 1"),
])
def test_hits(tmp_path, monkeypatch, capsys, emulator, rounds, hits, failed, said):
    result = {"hits": {"lost_wakeup": hits} if hits else {}, "rounds": rounds,
              "replay": "storm --again"}
    storm = tmp_path / "storm"
    storm.write_text(f"#!/bin/sh\necho '{json.dumps(result)}'\nexit {int(hits > 0)}\n")
    storm.chmod(0o755)
    monkeypatch.setattr(check_arm64, "EMULATOR", emulator)
    lane = check_arm64.Lane("arm64-llsc")
    lane.case(storm, {"case": "race", "actors": ["a", "b"]})
    assert lane.failed == failed
    assert said in capsys.readouterr().out
