"""python3 -m reports COMMAND: grades, renders, merges and compares runs, each step alone.

  grade RUN      verdicts as JSON on stdout; the exit code is the verdict's
  table RUN      the verdict table, likewise
  html  RUN      writes index.html into the folder
  junit RUN      writes junit.xml into the folder
  compare A B    two runs: a line per lane that differs, and what else changed
  merge -o OUT RUN...   one run of several shards, lanes or machines of a class
  bisect A B     runs a lane that regressed with commit and compiler swapped
  history ...    the nights: import, rebuild, compare, ack, list, peers, page, export

Exit codes: 0 as expected (or rendered), 1 unexpected verdict or a regression, 2 unreadable
input, 64 usage.
"""
import argparse
import json
import os
import sys
from pathlib import Path

EXIT_RED, EXIT_ENGINE, EXIT_USAGE = 1, 2, 64


class Parser(argparse.ArgumentParser):
    """argparse with this project's exit code for usage errors."""

    def error(self, message):
        """One line, exit 64."""
        sys.stderr.write(f"reports: {message}; see python3 -m reports --help\n")
        sys.exit(EXIT_USAGE)


def arguments(words) -> argparse.Namespace:
    """Parse the command line."""
    from reports import commands
    parser = Parser(prog="python3 -m reports", description=__doc__,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    below = parser.add_subparsers(dest="command", required=True, metavar="COMMAND",
                                  parser_class=Parser)
    for name, does in (("grade", "verdicts as JSON"), ("table", "the verdict table"),
                       ("html", "the page of a run"), ("junit", "verdicts for a CI server")):
        one = below.add_parser(name, help=does)
        one.add_argument("run", type=Path, metavar="RUN", help="folder of a run")
        one.add_argument("-o", "--output", type=Path, metavar="FILE",
                         help="write there instead of into the folder (html, junit)")
        one.add_argument("--explore", type=Path, metavar="FILE",
                         help="explorer results for the page (default: the run's, or "
                              "RUN/../explore/results.jsonl if there)")
        one.set_defaults(act=run_command)
    commands.add(below)
    return parser.parse_args(words)


def run_command(options: argparse.Namespace) -> int:
    """Grade or render one run; returns the exit code."""
    from reports import explored as explorer
    from reports import folder, html, junit, session, table
    run = folder.load(options.run)
    verdicts = session.graded(run)
    for warning in run.warnings:
        sys.stderr.write(f"reports: warning: {options.run}: {warning}\n")
    if options.command == "grade":
        print(json.dumps(verdicts, indent=1))
        return verdicts["exit"]
    if options.command == "table":
        for line in table.lines(run, verdicts, sys.stdout.isatty(), Path.cwd()):
            print(line)
        return verdicts["exit"]
    if options.command == "junit":
        name, text = "junit.xml", junit.text(run, verdicts)
    else:
        explored = explorer.documents(options.explore) if options.explore else None
        name, text = "index.html", html.text(run, verdicts, explored)
    path = options.output or options.run / name
    folder.write_atomic(path, text)
    print(path)
    return 0


def main(words=None) -> int:
    """Entry point: returns the exit code, with one line on stderr for whatever is wrong."""
    try:
        options = arguments(words)
        from reports import folder, history, schema
        return _guarded(options, folder.BadFolder, (schema.BadDocument, history.BadHistory))
    except ImportError as error:
        sys.stderr.write(f"reports: this Python lacks {error.name}: use the system's python3 "
                         "(make deps)\n")
        return EXIT_ENGINE


def _guarded(options, bad_folder, bad_document) -> int:
    try:
        return options.act(options)
    except bad_folder as error:
        sys.stderr.write(f"reports: {error}\n")
        return EXIT_USAGE if error.usage else EXIT_ENGINE
    except bad_document as error:
        sys.stderr.write(f"reports: {error}\n")
        return EXIT_ENGINE
    except LookupError as error:
        sys.stderr.write(f"reports: {error}\n")
        return EXIT_USAGE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ENGINE
    except OSError as error:
        sys.stderr.write(f"reports: {error.filename or options.command}: {error.strerror}\n")
        return EXIT_USAGE


if __name__ == "__main__":
    sys.exit(main())
