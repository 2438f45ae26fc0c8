"""Git in the cluster: its server, its repository, and Flux.

`repository` pushes the checkout, `installation` installs Flux, `flux_status` reads how far Flux is with a
commit.
"""
