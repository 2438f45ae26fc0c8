"""The `iris` command: what serves, why not, and what a change would do. Read-only. Start at `__main__`.

`commands` has one function per command. `kubectl` reads the cluster, one request per kind, `cluster_events`
its events, and `prometheus` the traffic. The rest is pure: `fleet` turns models into rows; `evidence` and
`explanation` turn one snapshot of a model into a paragraph; `declared` reads a file as the API server would
store it; `planned` compares the children that the operator would make with the live ones (`owned`);
`difference` prints that as a diff.
"""
