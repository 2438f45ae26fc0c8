"""Grafana dashboards as JSON text. Pure: same input, same bytes.

`model` is one IrisModel's and becomes its child; `fleet` (all models) and `operator` (it and Flux)
come with the chart. `queries` holds what several of them ask, `panels` how it is shown. Every metric asked
for is promised by somebody; tests hold the two against each other.
"""
