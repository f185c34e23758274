"""Stormrig's results: statistics, grading, run folders and renderers.

Collect, grade and render are separate: the C programs write JSON lines, `grade` turns
them into verdicts with pure functions, `table`, `junit` and `html` only show them.
"""
