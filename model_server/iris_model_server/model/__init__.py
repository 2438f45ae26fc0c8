"""A model: an artifact folder in, probabilities out. Independent of HTTP and metrics.

`artifact` verifies a folder and loads it, `card` reads the model card, `model` has the kinds of models,
`trees` evaluates trees as plain data. `arrays` computes many rows at once with numpy and is imported only
when needed. `predictions` holds classes and probabilities of some rows.
"""
