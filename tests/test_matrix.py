"""The storm matrix: one test per race of a case and per further variant of it.

Generated from what the built programs list; run by `make storm`, not by a plain pytest.
"""
import pytest

pytestmark = pytest.mark.storm


def test_storm(storm, storm_item):
    """The item's verdicts are what its case promises for this hardware."""
    rows = storm.run(storm_item)
    wrong = [row for row in rows if not row["expected"]]
    if wrong:
        pytest.fail("\n".join(
            f'{row["variant"]}: {row["verdict"]} ({row["reason"]}); replay: {row["replay"]}'
            for row in wrong), pytrace=False)
    if rows and all(row["verdict"] == "SKIPPED" for row in rows):
        pytest.skip(rows[0]["reason"])
