"""The certificate of the ingress: made, kept, renewed; accepted and refused by a real TLS client."""

import shutil
import socket
import ssl
import subprocess
import threading
from pathlib import Path

import pytest
from iris_local_cluster.programs import packages
from iris_local_cluster.up import certificates

pytestmark = pytest.mark.skipif(packages.program("openssl") is None, reason="no openssl")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("made") / "tls"
    assert certificates.ensure(folder)
    return folder


@pytest.fixture
def folder(made: Path, tmp_path: Path) -> Path:
    """A copy that a test may change."""
    return shutil.copytree(made, tmp_path / "tls")


def contents(folder: Path) -> dict[str, bytes]:
    return {str(file.relative_to(folder)): file.read_bytes() for file in folder.rglob("*") if file.is_file()}


def handshake(folder: Path, *, host: str, authority: Path) -> None:
    """A TLS connection to a server with this certificate, by a client that trusts this CA."""
    serving = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    serving.load_cert_chain(folder / "server" / "certificate.pem", folder / "server" / "key.pem")
    calling = ssl.create_default_context(cafile=str(authority))
    near, far = socket.socketpair()

    def serve() -> None:
        try:
            with serving.wrap_socket(far, server_side=True) as connection:
                connection.recv(1)
        except OSError:
            far.close()  # The client has refused, which is what the test expects.

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with calling.wrap_socket(near, server_hostname=host) as connection:
            connection.sendall(b"x")
    finally:
        near.close()
        thread.join()


def signed_by_its_ca(folder: Path, key: Path, names: str) -> None:
    """Replace the server's certificate by one for other names, as somebody with the CA's key could."""
    settings = (folder / "server" / "openssl.cnf").read_text()
    text = settings.partition("subjectAltName")[0] + f"subjectAltName = {names}\n"
    file = folder / "other.cnf"
    file.write_text(text)
    openssl = [
        *("openssl", "req", "-config", str(file), "-x509", "-new", "-key", str(key), "-days", "1"),
        *("-CA", str(certificates.authority(folder)), "-CAkey", str(folder / "ca" / "key.pem")),
        *("-extensions", "server", "-out", str(folder / "server" / "certificate.pem")),
    ]
    subprocess.run(openssl, check=True, capture_output=True)


@pytest.mark.parametrize(
    "host", ["iris.localhost", "git.localhost", "iris.kube.two.inc", "other.kube.two.inc"]
)
def test_a_client_that_trusts_the_ca_accepts_the_certificate_for(made: Path, host: str) -> None:
    handshake(made, host=host, authority=certificates.authority(made))


def test_a_client_refuses_the_certificate_for_another_host(made: Path) -> None:
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        handshake(made, host="example.com", authority=certificates.authority(made))


def test_a_client_that_trusts_another_ca_refuses_the_certificate(made: Path, tmp_path: Path) -> None:
    other = tmp_path / "other"
    certificates.ensure(other)

    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(made, host="iris.localhost", authority=certificates.authority(other))


def test_the_ca_cannot_vouch_for_a_site_of_the_internet(folder: Path) -> None:
    """Whoever reads the CA's key gains nothing against a user who trusts the CA in the browser."""
    signed_by_its_ca(folder, folder / "server" / "key.pem", "DNS:example.com")

    with pytest.raises(ssl.SSLCertVerificationError, match="permitted subtree"):
        handshake(folder, host="example.com", authority=certificates.authority(folder))


@pytest.mark.parametrize("name", ["ca", "server"])
def test_a_key_is_readable_by_its_user_alone(made: Path, name: str) -> None:
    assert (made / name).stat().st_mode & 0o077 == 0
    assert (made / name / "key.pem").stat().st_mode & 0o077 == 0


def test_a_second_run_changes_nothing(folder: Path) -> None:
    before = contents(folder)

    assert not certificates.ensure(folder)

    assert contents(folder) == before


@pytest.mark.parametrize("missing", ["certificate.pem", "openssl.cnf"])
def test_a_certificate_that_is_missing_is_made_again_by_the_same_ca(folder: Path, missing: str) -> None:
    before = contents(folder)
    (folder / "server" / missing).unlink()

    assert certificates.ensure(folder)

    assert contents(folder)["ca/certificate.pem"] == before["ca/certificate.pem"]
    handshake(folder, host="iris.localhost", authority=certificates.authority(folder))


def test_a_certificate_for_other_hosts_is_made_again(folder: Path) -> None:
    """As a newer checkout finds it, that has one host more."""
    (folder / "server" / "openssl.cnf").write_text("other")

    assert certificates.ensure(folder)

    handshake(folder, host="iris.localhost", authority=certificates.authority(folder))


def test_a_certificate_near_its_end_is_renewed_by_the_same_ca(folder: Path) -> None:
    authority = certificates.authority(folder).read_bytes()
    signed_by_its_ca(folder, folder / "server" / "key.pem", "DNS:iris.localhost")  # for a day
    (folder / "other.cnf").unlink()
    short = (folder / "server" / "certificate.pem").read_bytes()

    assert certificates.ensure(folder)

    assert (folder / "server" / "certificate.pem").read_bytes() != short
    assert certificates.authority(folder).read_bytes() == authority


def test_without_its_ca_a_certificate_is_made_again(folder: Path) -> None:
    before = contents(folder)
    shutil.rmtree(folder / "ca")

    assert certificates.ensure(folder)

    assert contents(folder)["server/certificate.pem"] != before["server/certificate.pem"]
    handshake(folder, host="iris.localhost", authority=certificates.authority(folder))


def test_the_secret_has_the_certificate_and_never_the_key_of_the_ca(made: Path) -> None:
    secret = certificates.secret(made, "iris")

    assert secret["type"] == "kubernetes.io/tls"
    assert set(secret["data"]) == {"tls.crt", "tls.key"}
    assert (made / "ca" / "key.pem").read_text() not in str(secret)
