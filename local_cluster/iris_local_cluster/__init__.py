"""A real Kubernetes on this machine, for trying and testing everything. The product imports none of this.

`cli` is the command, `detect` chooses between Docker (`kind`) and a node without it (`native`). Imports point
down this list:

up          the steps of `make up`, `make status` and `make publish`
flux        the Git server, the repository, Flux
kind        a node in Docker                          native      a node without Docker
images      container images, with or without Docker  programs    what is compiled or installed

`api_server` is an API server without nodes, for tests. `cluster` is the interface of kind and native,
`kubectl` the only module that runs kubectl, `progress` prints the steps, `paths` names the folders.
"""
