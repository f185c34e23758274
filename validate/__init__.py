"""Validates a fix before it is merged: one verdict on files that take the place of the target's."""
