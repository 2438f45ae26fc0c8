"""From an IrisModel to cluster objects and an honest status. Start reading at `reconcile`.

Events come in through `handlers` (Kopf's, of IrisModels) and `watch` (of everything else); they fill `store`
(the last seen copy of every object) and `queue` (the names to look at again). `workers` take a name and call
`reconcile`, which reads like a table of contents: `spec` (body to IrisModel), `children` (IrisModel to
manifests, one file per kind), `apply` (manifests to cluster), `rollout` and `proof` (what the pods do),
`status` (facts to conditions).

Only `cluster` talks to the API server, only `proof` to the pods, only `handlers` knows Kopf.
`spec`, `children`, `ownership`, `rollout`, `routes`, `history` and `status` are pure: no clock, no I/O.
"""
