"""A Kubernetes node without Docker: a process tree in namespaces of its own, standard inside.

prerequisites (may it run here?) → node (the order of things) → namespaces (host side: start, enter, end) →
init (process 1: mounts, network, then services forever) → containerd, registry, pods, kubeadm, kubelet
(one file each: configuration and command line). cgroups, process and record let `down` find and end it all.
"""
