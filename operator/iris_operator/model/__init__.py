"""The declaration: an IrisModel's spec as frozen dataclasses, and the arithmetic of its values. Pure.

`spec` parses, `pod_template` lists the revisions of the pod template, `objectives` has the service level
objectives, `quantities` compares Kubernetes quantities, `routes` decides which of several models holds a
host and path, and `public_paths` what a route makes public. Nothing here reads a cluster.
"""
