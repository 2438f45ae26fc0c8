"""Installs the operator with Helm into a cluster without Flux, and uninstalls it.

It checks first, and asks before it changes a cluster that this clone did not make.
"""

import re
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import yaml

from iris_delivery import helm
from iris_delivery.errors import Refused, Unfinished
from iris_delivery.target import NAMESPACE, RELEASE, Target

CRD: Final = Path("crds/irismodels.serving.two.inc.yaml")
_CHART: Final = Path("charts") / RELEASE
_MINUTES: Final = 5
_CAREFULLY: Final = (
    "--create-namespace",
    "--hide-notes",
    "--rollback-on-failure",
    f"--timeout={_MINUTES}m",
)

Ask = Callable[[str], bool]
Report = Callable[[str], None]


def run(root: Path, target: Target, values: Sequence[Path], *, ask: Ask, report: Report) -> str:
    """Install or upgrade; returns what to print."""
    program = helm.program()
    chart = [RELEASE, str(root / _CHART), *(f"--values={file}" for file in values)]
    if (answer := _answer([program, "template", *chart])).returncode != 0:
        raise Refused("values", helm.reason(answer.stderr), "charts/iris-operator/README.md lists all values")
    version = target.version()
    least = _oldest_supported(root)
    if _numbers(version) < _numbers(least):
        raise Refused(target, f"Kubernetes {version}", f"expected {least} or newer")
    target.require_rights()
    verb = "Upgrade" if target.operator() else "Install"
    _agree(target, ask, f"{verb} the operator in {target}, Kubernetes {version}?")
    report(f"{target}: applying the IrisModel API")
    _apply_api(target, root / CRD)
    report(f"{target}: installing the operator, until its pods are ready (at most {_MINUTES} minutes)")
    _helm(
        [program, "upgrade", *chart, "--install", *_CAREFULLY],
        target,
        "Helm reverted its changes, the IrisModel API stays: correct the cause, then run it again",
    )
    return f"""\
The operator is running in {target}.
  kubectl --context={target.context} get irismodels --all-namespaces
To uninstall it (models keep running):
  iris-delivery uninstall --context={target.context}
"""


def undo(target: Target, *, ask: Ask, report: Report) -> str:
    """Uninstall it, or what an unfinished installation left; returns what to print."""
    program = helm.program()
    target.version()
    target.operator()
    _agree(target, ask, f"Uninstall the operator from {target}? Models keep running.")
    report(f"{target}: uninstalling the operator")
    _helm([program, "uninstall", RELEASE, "--wait", "--ignore-not-found"], target, "run it again")
    return f"""\
The operator is uninstalled from {target}; all IrisModels remain and keep serving.
To delete these, too, and everything they serve:
  kubectl --context={target.context} delete --filename={CRD}
"""


def _agree(target: Target, ask: Ask, question: str) -> None:
    if not target.ours and not ask(question):
        raise Refused(target, "not confirmed", "kubectl config use-context NAME selects another cluster")


def _apply_api(target: Target, file: Path) -> None:
    """Apply the CRD with kubectl, because Helm installs a CRD once and never upgrades it."""
    manager = ("--server-side", "--force-conflicts", "--field-manager=iris-delivery")
    target.kubectl("apply", *manager, f"--filename={file}")
    target.kubectl("wait", "--for=condition=Established", f"--filename={file}", "--timeout=30s")


def _helm(command: list[str], target: Target, left: str) -> None:
    answer = _answer([*command, f"--kube-context={target.context}", f"--namespace={NAMESPACE}"])
    if answer.returncode != 0:
        raise Unfinished(target, f"helm: {helm.reason(answer.stderr)}", left)


def _answer(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, capture_output=True, text=True, check=False)


def _oldest_supported(root: Path) -> str:
    wanted = yaml.safe_load((root / _CHART / "Chart.yaml").read_text())["kubeVersion"]
    return f"v{wanted.removeprefix('>=').removesuffix('-0')}"


def _numbers(version: str) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", version)[:2])
