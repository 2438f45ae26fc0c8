"""Turns facts into a verdict, and the verdict into the status. Pure: `now` is an argument.

`checks` holds CHECKS, the ordered list that decides Ready. `status` builds the whole status with its
conditions, and `history` the list of past versions. Before anything is written, `rollout` decides which
version pods run, with `agreement_gate` for the comparison of two versions, `plans` what is left out, and
`pod_templates` which revision of the pod template pods get.
"""
