"""From a CSV to a model artifact, read in the order the data flows:

settings (what was asked) → source (reads the file) → data (text to typed rows) → fit → evaluate,
linear, golden (what the fitted pipeline is worth) → facts → card, model_card, picture (what is told
about it) → export (the one module that writes files). `train` is that order as code, `artifact` its
slow middle, `names` the file names.
"""
