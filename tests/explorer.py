"""Building the explorer for its tests."""
from tests.made import ROOT, made

SUBJECTS = ROOT / "build/explore-unit/unit/fixed/explore"


def build(*goals):
    """Builds goals of fuzz/rules.mk."""
    made(*goals, rules="fuzz/rules.mk")
