"""The path of a version: a Git tag → dev → stage → prod, each step one commit to one small file.

Pure: versions (semantic versions) and environments (their order) decide what may come next; declaration
reads and edits `clusters/<environment>/version.yaml`; comparison compares an IrisModel with a declaration.
Programs: git, cluster, target and helm run git, kubectl and helm. Jobs: release, promote, rollback and
verify; change shows, commits or pushes a job's edit. install brings the operator into a cluster without
Flux, charts packs the Helm charts. arguments and `__main__` are the command line.
"""
