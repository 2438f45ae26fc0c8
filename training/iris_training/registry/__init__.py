"""Models in an MLflow registry: `client` reads and writes it, `isolation` and `opened` open a model of it.

`client` is the only module that imports MLflow, an optional dependency. `opened` is a program that runs in a
process of its own, behind `isolation`, and answers with plain data. `answer` checks that data, and `build`
makes a version of it. Only `opened` unpickles anything.
"""
