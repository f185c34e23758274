"""The storm matrix: one test per race of a case and per further variant of it.

Generated from what the built programs list; run by `make storm`, not by a plain pytest.
"""
import pytest

pytestmark = pytest.mark.storm


def fail_on_unexpected(rows):
    """Fail with a line per row that is not as expected."""
    wrong = [row for row in rows if not row["expected"]]
    if wrong:
        pytest.fail("\n".join(
            f'{row["variant"]}: {row["verdict"]} ({row["reason"]}); replay: {row["replay"]}'
            for row in wrong), pytrace=False)


def test_storm(storm, storm_item):
    """The item's verdicts are what its case promises for this hardware.

    A race that lacks exposure is in doubt: test_overtime says what becomes of it.
    """
    rows = storm.run(storm_item)
    fail_on_unexpected(rows)
    if rows and all(row["verdict"] == "SKIPPED" for row in rows):
        pytest.skip(rows[0]["reason"])


def test_overtime(storm):
    """Races in doubt after the planned time go on for a while; then their verdicts count."""
    fail_on_unexpected(storm.overtime())
