"""Grafana dashboards as JSON text. Pure: same input, same bytes.

`model` is the dashboard of one IrisModel, applied as its child; `fleet` (all models) and `operator` (the
operator and Flux) are in the operator's chart. `queries` has the PromQL that several of them share,
`panels` their panels. A test checks that every metric in a query exists.
"""
