"""Reads the cluster and the pods, as plain facts.

`store` keeps trimmed copies of everything that is watched. `workload` turns a Deployment, its ReplicaSets
and pods into facts, `proof` asks the pods for their version over HTTP, `reference` two versions for their
classes of the same rows, which `agreement` compares. `provenance` reads the Git revision from Flux, `causes`
names what keeps pods from serving, `image_volumes` whether they have the model that is to be mounted,
`ingress_classes` whether the class of a route exists, `gateways` why a
Gateway does not accept one, `route_changes` which former route has to stay, and `ownership` decides whose an
object is and whether it still has every declared value. Nothing here writes or judges.
"""
