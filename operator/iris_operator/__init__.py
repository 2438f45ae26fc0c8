"""Reconciles IrisModels with cluster objects, and reports their true state. Start reading at `reconcile`.

A pass goes through these packages in this order, and imports point the other way:

model       the spec, parsed                              children     the manifests, a file per kind
observe     the state of the cluster and the pods         monitoring   alert rules and dashboards
decide      facts to verdict to status                    runtime      process, queue, workers, lease, Kopf
act         writes what differs, reports transitions

`cluster` is the only module that talks to the API server, `observe.proof` the only one that asks pods.
`runtime.handlers` receives IrisModels from Kopf. `runtime.watch` follows all other kinds with our own
watches: Kopf keeps a task, a queue and the last body of every object that it watches, which for children
and pods was almost half of the CPU, and it does not report a deletion that happens while a watch is broken.
"""
