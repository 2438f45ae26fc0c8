"""The IrisModel API as the rest of the project shares it: names, reasons, and how to read a status. Pure.

`kinds` has the Kubernetes kinds with their REST paths, `reasons` every reason and what to do about those of
Ready, `conditions` what the other ones mean, `causes` what keeps pods from serving, `readiness` what a
status says about the present spec, `rollouts` the states of a rollout, `judge` the statistics that compare
a canary with the stable version.

Nothing here does I/O or imports another package. It is part of the operator's distribution, so that the
operator's image and the tools share one copy.
"""
