"""From a model artifact to predictions over HTTP.

Start: `__main__` (command, exit codes) > `lifecycle` (signals, drain), `protocol` > `app` (assembly).
A request: `edge` (id, limits, metrics, log) > `routes` (HTTP to calls) > `inference` (bytes to bytes).
The model: `serving` (which one, reload) > `artifact` (folder to verified) > `card`, `model`.
Beside them: `schemas`, `decoding`, `openapi`, `pages`, `errors`, `metrics`, `access_log`, `settings`, `logs`.
"""
