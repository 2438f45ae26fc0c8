"""Who made a model: an OpenSSF Model Signing signature, verified before any other file of its folder is read.

`keys` are the public keys that may sign, `bundle` is the format (a Sigstore bundle v0.3 with a DSSE envelope
and an in-toto statement), `files` reads a folder once, verified or not. `cryptography` is imported only when
there is something to verify.
"""
