"""The process around the passes.

`handlers` is the only module that uses Kopf, `watch` follows all other objects, `resync` lists everything
now and then, `queue` and `workers` run one pass per model at a time, `lease` elects the replica that
writes, `engine` starts and stops all of it, `health` answers the probes, `settings` reads the environment.
No decision about a model is made here.
"""
