"""Changes a model's objects in the cluster.

`apply` writes children that differ and deletes those that are no longer declared, `overrides` remembers what
somebody changes on every write, `publish` writes the status, `events` reports transitions. `children` decides
what a child looks like.
"""
