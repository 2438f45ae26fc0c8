"""What is done about it: the room that changes a model's objects in the cluster.

`apply` writes children that differ and deletes those that are no longer declared, `events` reports
transitions. What a child looks like is decided in `children`.
"""
