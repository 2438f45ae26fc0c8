"""From a CSV file to a model artifact, in the order of the data flow:

settings (the options) → source (reads the file) → data (text to typed rows; formats: other formats) → fit
(with the table in estimators) → evaluate, checks, golden (how good the pipeline and the data are), portable
(the pipeline as plain data: linear or trees) → facts → card, model_card, picture (descriptions of it) →
export (the only module that writes files). `train` is that order as code, `artifact` its slow part, `names`
the file names, `columns` the names in the data.
"""
