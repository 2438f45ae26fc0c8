"""The declaration: an IrisModel's spec as frozen dataclasses, and the arithmetic of its values. Pure.

`spec` parses, `plan` has the decision of a pass, `shape` the fields that pods are built from, `pod_template`
the revisions of the pod template, `objectives` the service level objectives. `quantities` compares Kubernetes
quantities, `routes` decides which of several models holds a host and path, and `public_paths` what a route
makes public. Nothing here reads a cluster.
"""
