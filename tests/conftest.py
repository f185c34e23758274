"""Ctrl-C is among what is tested, and what starts it in a script's background has it ignored.

Programs inherit that; so what the tests start has its default again.
"""
import signal

if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)
