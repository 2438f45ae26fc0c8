"""From a model artifact to predictions over HTTP.

Start: `__main__` (command, exit codes) > `lifecycle` (signals, drain), `rehearsal` > `app` (assembly).
A request: `protocol` (or all of it: `fast`) > `edge` (id, limits, metrics, log) > `straight` or the router >
`routes`, `standards`
> `inference`, `v1`, `v2` (bytes to bytes) > `evaluation` (at once, `batching`, `pieces`) > `model`, `arrays`.
The model: `serving` (which one, reload) > `artifact` (folder to verified) > `card`, `model`.
"""
