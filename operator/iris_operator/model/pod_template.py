"""The revisions of the pod template. Pure.

1  release 0.1.0
2  kubectl's default container is the server; `env` values reach it as declared; it answers below the path of
   its route

An upgrade must restart no pod, so whatever changes the template of an unchanged spec is a new revision:
`decide.pod_templates` picks one, and `children.deployment` builds it.
"""

from typing import Final

OLDEST: Final = 1
NEWEST: Final = 2
