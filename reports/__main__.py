"""python3 -m reports COMMAND RUN: grades and renders a run folder, each step alone.

  python3 -m reports table build/report      the verdict table, its exit code the verdict's
  python3 -m reports grade build/report      verdicts as JSON on stdout, likewise
  python3 -m reports html  build/report      writes index.html into the folder
  python3 -m reports junit build/report      writes junit.xml into the folder

Exit codes: 0 as expected (or rendered), 1 unexpected verdict, 2 unreadable input, 64 usage.
"""
import argparse
import json
import os
import sys
from pathlib import Path

EXIT_ENGINE, EXIT_USAGE = 2, 64


class Parser(argparse.ArgumentParser):
    """argparse with this project's exit code for usage errors."""

    def error(self, message):
        """One line, exit 64."""
        sys.stderr.write(f"reports: {message}; see python3 -m reports --help\n")
        sys.exit(EXIT_USAGE)


def arguments(words) -> argparse.Namespace:
    """Parse the command line."""
    parser = Parser(prog="python3 -m reports", description=__doc__,
                    formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("grade", "table", "html", "junit"))
    parser.add_argument("run", type=Path, metavar="RUN", help="folder of a run")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE",
                        help="write there instead of into the folder (html, junit)")
    parser.add_argument("--explore", type=Path, metavar="FILE",
                        help="explorer results for the page (default: RUN/../explore/"
                             "results.jsonl if there)")
    return parser.parse_args(words)


def run_command(options: argparse.Namespace) -> int:
    """Carry out one command; returns the exit code. Raises BadFolder, BadDocument, OSError."""
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
    options = arguments(words)
    try:
        from reports import folder, schema
        return _guarded(options, folder.BadFolder, schema.BadDocument)
    except ImportError as error:
        sys.stderr.write(f"reports: this Python lacks {error.name}: use the system's python3 "
                         "(make deps)\n")
        return EXIT_ENGINE


def _guarded(options, bad_folder, bad_document) -> int:
    try:
        return run_command(options)
    except bad_folder as error:
        sys.stderr.write(f"reports: {error}\n")
        return EXIT_USAGE if error.usage else EXIT_ENGINE
    except bad_document as error:
        sys.stderr.write(f"reports: {error}\n")
        return EXIT_ENGINE
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return EXIT_ENGINE
    except OSError as error:
        sys.stderr.write(f"reports: {error.filename or options.run}: {error.strerror}\n")
        return EXIT_USAGE


if __name__ == "__main__":
    sys.exit(main())
