"""Runs the programs that several of our commands need: the only package that runs kubectl and git.

`process` runs any program and turns its failure into one line, `kubectl` and `git` have their options and
environment. What a failure means, and what to do about it, is decided by the caller. Standard library only.
"""
