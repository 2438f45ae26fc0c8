"""`iris rollout` and `iris judge`: a rollout in words, its change for Git, and the judge's arithmetic.

`command` and `judging` are the two commands; `report` turns a body into words, `patches` into a change,
`counts` into the numbers that were judged, and `past` into what is left of former rollouts; `arithmetic`
writes a verdict out. Only the commands read or print anything.
"""
