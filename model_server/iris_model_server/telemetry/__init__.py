"""What is measured and logged.

`metrics` defines every Prometheus metric, `drift` compares inputs with the training data, `counters` are
the cheap counters behind the metrics, `logs` and `access_log` write JSON lines. Nothing here answers a
request.
"""
