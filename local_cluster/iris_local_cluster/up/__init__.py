"""`make up`, `make status` and `make publish`: the steps that a user sees.

`run` is the sequence of steps, `install` brings the components into the cluster, `models` waits for
IrisModels, `gateway_api` installs its CRDs, `monitoring` adds Prometheus, `load_client` sends predictions
during a version change, `signing` signs versions, `publishing` pushes their images, `status`
prints the way from a commit to what serves, `environment` writes the file that a shell sources.
"""
