"""What serves, why not, and what a change would do. Read-only. Start reading at `__main__`.

`commands` has one function per command. `kubectl` reads the cluster (one request per kind), `prometheus`
the traffic. The rest is pure: `fleet` (models to rows), `evidence` and `explanation` (one snapshot to one
paragraph), `declared` (a file to what the API server would store), `planned` (that to the
operator's children, from what is there, see `owned`), `difference` (two manifests to a diff).
"""
