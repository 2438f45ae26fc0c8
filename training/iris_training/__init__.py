"""From a CSV file to a model artifact, in the order of the data flow:

settings (the options) → previous (reads the card of the release before) → source (reads the file) → data
(text to typed rows; formats: other formats) → fit (table in estimators) → evaluate, checks, golden (how
good the pipeline and the data are), compare (with the release before; comparison_report as text), portable
(the pipeline as plain data: linear or trees) → facts → card, model_card, picture (descriptions of it) →
export (the only module that writes files). `train` is that order as code, `artifact` its slow part, `names`
the file names, `columns` the names in the data, `revision` the commit of this code, `options` the command
line, `registry` models of an MLflow server, `sign` and `signature` prove who made a version.
"""
