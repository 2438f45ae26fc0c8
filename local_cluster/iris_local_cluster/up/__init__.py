"""`make up`, `make status` and `make publish`: the steps that a user sees.

`run` is the sequence of steps of `make up`, `install` brings the components into the cluster, `models`
waits for IrisModels, `gateway_api` installs its CRDs, `monitoring` adds Prometheus, `load_client` sends
predictions during a version change. `release` is the sequence of `make publish`: it trains a version,
`signing` signs it, `publishing` pushes its image. `status` prints the way from a commit to what serves,
`environment` writes the file that a shell sources.
"""
