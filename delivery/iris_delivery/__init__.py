"""How a version travels: a Git tag → dev → stage → prod, each step one commit to one small file.

versions (semantic versions) and environments (their order) say what may come next; declaration reads and
edits `clusters/<environment>/version.yaml`; standing judges an IrisModel. These are pure. git and cluster
are the two ways out (the git and kubectl programs). release, promote, rollback and verify are the jobs,
change is how a job's edit leaves the clone, charts packs the Helm charts. `__main__` is the command line.
"""
