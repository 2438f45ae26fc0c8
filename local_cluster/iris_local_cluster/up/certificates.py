"""The ingress's TLS certificate and the local CA that signs it, made with openssl.

The keys stay in the cluster's state folder and are readable by its user alone. The CA may sign names below
`localhost` and `kube.two.inc` only, so that it is safe to trust it in a browser.
"""

import base64
import os
import shutil
import tempfile
from pathlib import Path
from typing import Any

from iris_programs import process

from iris_local_cluster.errors import LocalClusterError
from iris_local_cluster.programs import packages

# No wildcard below `localhost`: clients refuse one that replaces all but the last label.
HOSTS = (
    *("iris.localhost", "git.localhost", "prometheus.localhost", "grafana.localhost"),
    *("kube.two.inc", "*.kube.two.inc"),
)
SECRET = "iris-local-tls"  # noqa: S105 - a name

_AUTHORITY_DAYS = 3650
_SERVER_DAYS = 365
_RENEWAL_DAYS = 30
_KEY = "key.pem"
_CERTIFICATE = "certificate.pem"
_SETTINGS = "openssl.cnf"

_AUTHORITY = """\
[req]
prompt = no
distinguished_name = name
x509_extensions = authority
[name]
CN = Local CA of iris-local-cluster
[authority]
basicConstraints = critical, CA:TRUE, pathlen:0
keyUsage = critical, keyCertSign, cRLSign
subjectKeyIdentifier = hash
nameConstraints = critical, permitted;DNS:localhost, permitted;DNS:kube.two.inc
"""
_SERVER = f"""\
[req]
prompt = no
distinguished_name = name
[name]
CN = iris-local-cluster
[server]
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
subjectAltName = {", ".join(f"DNS:{host}" for host in HOSTS)}
"""


def authority(folder: Path) -> Path:
    """The CA's certificate, which clients trust."""
    return folder / "ca" / _CERTIFICATE


def ensure(folder: Path) -> bool:
    """Make what is missing, of other settings or near its end; False if both certificates were kept."""
    signing, serving = folder / "ca", folder / "server"
    renewed = False
    # The CA must outlive every certificate that it signs.
    if not _usable(signing, _AUTHORITY, days=_SERVER_DAYS):
        _make_authority(signing)
        renewed = True
    if renewed or not _usable(serving, _SERVER, days=_RENEWAL_DAYS):
        _make_server(serving, signing)
        renewed = True
    return renewed


def end(folder: Path) -> str:
    """When the ingress's certificate ends, in openssl's words."""
    answer = _openssl("x509", "-noout", "-enddate", "-in", str(folder / "server" / _CERTIFICATE))
    return answer.strip().partition("=")[2]


def secret(folder: Path, namespace: str) -> dict[str, Any]:
    """The Secret that an Ingress names."""
    files = {"tls.crt": _CERTIFICATE, "tls.key": _KEY}
    content = {key: (folder / "server" / name).read_bytes() for key, name in files.items()}
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": SECRET, "namespace": namespace},
        "type": "kubernetes.io/tls",
        "data": {key: base64.b64encode(value).decode() for key, value in content.items()},
    }


def _usable(folder: Path, settings: str, *, days: int) -> bool:
    """Whether it was made with these settings and is valid for so many days more."""
    certificate, kept = folder / _CERTIFICATE, folder / _SETTINGS
    if not certificate.is_file() or not kept.is_file() or kept.read_text() != settings:
        return False
    lasts = ("x509", "-noout", "-checkend", str(days * 24 * 3600), "-in", str(certificate))
    return process.answer([_program(), *lasts], seconds=60).code == 0


def _make_authority(folder: Path) -> None:
    unfinished = _new_folder(folder, _AUTHORITY)
    _openssl(
        *_request(unfinished), "-x509", "-days", str(_AUTHORITY_DAYS), "-out", str(unfinished / _CERTIFICATE)
    )
    _replace(unfinished, folder)


def _make_server(folder: Path, signing: Path) -> None:
    unfinished = _new_folder(folder, _SERVER)
    request = str(unfinished / "request.pem")
    _openssl(*_request(unfinished), "-out", request)
    _openssl(
        *("x509", "-req", "-in", request, "-days", str(_SERVER_DAYS)),
        *("-CA", str(signing / _CERTIFICATE), "-CAkey", str(signing / _KEY)),
        # Browsers refuse two certificates of one CA with the same number.
        *("-set_serial", f"0x{os.urandom(16).hex()}"),
        *("-extfile", str(unfinished / _SETTINGS), "-extensions", "server"),
        *("-out", str(unfinished / _CERTIFICATE)),
    )
    _replace(unfinished, folder)


def _request(folder: Path) -> tuple[str, ...]:
    """openssl's command for a new key of P-256 and what is asked for it."""
    return (
        *("req", "-config", str(folder / _SETTINGS), "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
        *("-nodes", "-keyout", str(folder / _KEY)),
    )


def _new_folder(folder: Path, settings: str) -> Path:
    """A folder beside it that only this user may enter; the key is in it before its mode can be set."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    (unfinished / _SETTINGS).write_text(settings)
    (unfinished / _KEY).touch(mode=0o600)
    return unfinished


def _replace(unfinished: Path, folder: Path) -> None:
    """An interruption leaves no folder with half of its files; without one, the next run makes both."""
    if folder.exists():
        shutil.rmtree(folder)
    unfinished.replace(folder)


def _openssl(*arguments: str) -> str:
    answer = process.answer([_program(), *arguments], seconds=60)
    if answer.code != 0:
        raise LocalClusterError(f"openssl {arguments[0]}: {process.last_line(answer.stderr)}")
    return answer.stdout


def _program() -> str:
    found = packages.program("openssl")
    if found is None:
        raise LocalClusterError("openssl: not found, expected it on PATH, to make the ingress's certificate")
    return found
