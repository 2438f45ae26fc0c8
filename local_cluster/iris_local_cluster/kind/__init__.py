"""A cluster in Docker: kind's node with the ingress on a loopback port, and a registry beside it.

configuration (files and command lines, pure) → cluster (runs them; the other `Cluster` is native/).
"""
