"""Verdicts as JUnit XML: one suite per case, one test case per variant."""
from junitparser import Error, Failure, JUnitXml, Skipped, TestCase, TestSuite

from reports import words
from reports.folder import Run


def text(run: Run, verdicts: dict) -> str:
    """The XML of a run's verdicts.

    Unexpected verdicts are failures whose type is the failure class (or the verdict, where
    there is none); ENGINE_ERROR is an error; SKIPPED a skip with its reason.
    """
    xml = JUnitXml("stormrig")
    suites = {}
    for row in words.ordered(verdicts["rows"]):
        name = f'{row["target"]}/{row["case"]}'
        if name not in suites:
            suites[name] = TestSuite(name)
            suites[name].timestamp = run.header["started"].rstrip("Z")
            for key in ("seed", "lane", "state"):
                suites[name].add_property(key, str(run.header[key]))
        suites[name].add_testcase(test_case(row))
    for problem in verdicts["problems"]:
        case = TestCase(problem, "stormrig.run")
        case.result = [Failure(problem, "problem")]
        suites.setdefault("run", TestSuite("run")).add_testcase(case)
    for suite in suites.values():
        xml.add_testsuite(suite)
    xml.update_statistics()
    return xml.tostring().decode("utf-8")


def test_case(row: dict) -> TestCase:
    """One row as a JUnit test case; its figures go into system-out."""
    case = TestCase(row["variant"], f'{row["lane"]}.{row["target"]}.{row["case"]}',
                    round(row["seconds"], 3))
    message = row["reason"] or words.MEANINGS[row["verdict"]]
    kind = row["failure"] or row["verdict"].lower()
    if row["verdict"] == "SKIPPED":
        case.result = [Skipped(message)]
    elif row["verdict"] == "ENGINE_ERROR":
        case.result = [Error(message, kind)]
    elif not row["expected"]:
        case.result = [Failure(f'{row["verdict"]}: {message}', kind)]
    facts = {"verdict": row["verdict"], "hits": words.hits(row), "rate": words.rate(row),
             "ratio_bound": words.ratio(row), "rounds": row["rounds"], "near": row["near"],
             "spoilt": row["spoilt"], "children": row["children"], "fano": words.fano(row),
             "replay": row["replay"]}
    case.system_out = "\n".join(f"{name}: {value}" for name, value in facts.items())
    return case
