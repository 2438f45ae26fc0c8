"""How a version travels: a Git tag → dev → stage → prod, each step one commit to one small file.

versions (semantic versions) and environments (their order) say what may come next; declaration reads and
edits `clusters/<environment>/version.yaml`; standing judges an IrisModel. These are pure. git, cluster and
target, helm are the ways out (the git, kubectl and helm programs). release, promote, rollback and verify are
the jobs, change is how a job's edit leaves the clone. install brings the operator into a cluster without
Flux, charts packs the Helm charts. arguments and `__main__` are the command line.
"""
