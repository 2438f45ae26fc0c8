"""Alert rules and Grafana dashboards, as data. Pure.

`alerts` has the rules of a model's PrometheusRule, `dashboards` one module for each board. The children and
the charts put them into the cluster.
"""
