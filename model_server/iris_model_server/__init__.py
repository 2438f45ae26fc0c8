"""From a model artifact to predictions over HTTP.

`__main__` is the command, `lifecycle` the process (signals, drain), `app` puts everything together. A request
goes through the rooms in this order; imports point the other way:

wire        the connection, its limits; id, metrics and access log around each request
protocols   the native API, KServe V1 and Open Inference V2: bytes to calls and back; `site` has the pages
access      who may call: keys, rates, ends
prediction  the model that is loaded, and how requests are computed: at once, shared, in chunks
telemetry   metrics, drift, logs
model       artifact, card and the models themselves

`fastpath` answers common predictions as their bytes arrive. The server works without that folder.
"""
