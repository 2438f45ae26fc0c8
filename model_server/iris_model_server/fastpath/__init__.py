"""Answers common predictions as their bytes arrive, without the web framework.

`routes` names them and writes their answers, `protocol` is the connection that recognises them. It answers
only what the reference path would answer with the same bytes, and leaves everything else to it. The server
works without this folder.
"""
