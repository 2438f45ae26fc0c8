"""A real Kubernetes on this machine, and the story that runs through it. The product imports none of this.

cli → story (train, image, cluster, operator, IrisModel, prediction, new version) → cluster (the interface)
→ native/ (a node without Docker) or kind/ (a node in Docker). Below them: binaries and images (what a node
is made of), packages (Debian's), kubectl (how we talk to it), progress (what a person sees).
"""
