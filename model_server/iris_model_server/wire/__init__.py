"""HTTP on the connection and around every request, whatever its path.

`connection`, `protocol` and `cycle` are uvicorn's HTTP protocol within limits, `framing` checks heads,
`middleware` surrounds each request with its id, body limit, metrics and access log, `cors` with what scripts
of other origins need, `responses` writes JSON, `request_ids` makes and checks ids. No path is known here.
"""
