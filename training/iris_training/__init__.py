"""From a CSV to a model artifact, read in the order the data flows:

settings (what was asked) → source (reads the file) → data (text to typed rows; formats: how others write
them) → fit (by the table in estimators) → evaluate, checks, golden (what pipeline and data are worth),
portable (the pipeline as plain data: linear or trees) → facts → card, model_card, picture (what is told
about it) → export (the one module that writes files). `train` is that order as code, `artifact` its slow
middle, `names` the file names, `columns` the names in the data.
"""
