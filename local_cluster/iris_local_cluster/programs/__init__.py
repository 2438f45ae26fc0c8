"""Programs that a machine lacks: compiled from Go modules, or installed from Debian.

`golang` and `binaries` compile and cache, `packages`, `debian` and `apt_sources` install, `archives` and
`bundles` pack files, `locks` and `disk` guard the shared cache. Nothing here starts a cluster.
"""
