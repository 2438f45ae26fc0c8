"""Sigstore on loopback: GitHub's issuer of tokens, a certificate authority (Fulcio) and a log (Rekor).

The real `model-signing` signs with it and verifies against it: `trust_config()` has its addresses and keys,
for `--trust_config`. Its log has one entry for each signature, in a tree of its own.
"""

import base64
import hashlib
import json
import struct
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID, ObjectIdentifier

from tests.harness import json_server

ISSUER: Final = "https://token.actions.githubusercontent.com"
_EMBEDDED_TIMESTAMP: Final = ObjectIdentifier("1.3.6.1.4.1.11129.2.4.2")
_OIDC_ISSUER: Final = ObjectIdentifier("1.3.6.1.4.1.57264.1.1")
_ECDSA: Final = ec.ECDSA(SHA256())
_SINCE: Final = {"start": "2026-01-01T00:00:00Z"}


def _key() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


def _der(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode()


def _canonical(document: Mapping[str, Any]) -> bytes:
    return json.dumps(document, sort_keys=True, separators=(",", ":")).encode()


@dataclass(slots=True)
class Sigstore:
    """Who asks gets a certificate for `identity`: the test decides which workflow asks."""

    identity: str
    address: str = ""
    issuer: str = ISSUER
    authority: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    timestamps: ec.EllipticCurvePrivateKey = field(default_factory=_key)
    log: ec.EllipticCurvePrivateKey = field(default_factory=_key)

    def environment(self) -> dict[str, str]:
        """What a job with `id-token: write` has."""
        request = {"URL": f"{self.address}/token?version=1", "TOKEN": "a-request-token"}
        return {f"ACTIONS_ID_TOKEN_REQUEST_{name}": value for name, value in request.items()}

    def trust_config(self) -> str:
        service = {"url": self.address, "majorApiVersion": 1, "validFor": _SINCE, "operator": "test"}
        root = {
            "mediaType": "application/vnd.dev.sigstore.trustedroot+json;version=0.1",
            "tlogs": [self._public(self.log)],
            "ctlogs": [self._public(self.timestamps)],
            "certificateAuthorities": [
                {
                    "subject": {"organization": "test", "commonName": "test"},
                    "certChain": {
                        "certificates": [{"rawBytes": _text(self._root().public_bytes(Encoding.DER))}]
                    },
                    "validFor": _SINCE,
                }
            ],
        }
        signing = {
            "mediaType": "application/vnd.dev.sigstore.signingconfig.v0.2+json",
            "caUrls": [service],
            "oidcUrls": [service],
            "rekorTlogUrls": [service],
            "rekorTlogConfig": {"selector": "ANY"},
            "tsaConfig": {"selector": "ANY"},
        }
        media_type = "application/vnd.dev.sigstore.clienttrustconfig.v0.1+json"
        return json.dumps({"mediaType": media_type, "trustedRoot": root, "signingConfig": signing})

    def answer(self, path: str, request: Any) -> Any:
        """The token, the certificate or the log's entry."""
        if path == "/.well-known/openid-configuration":  # read before the job's own token is found
            return {"authorization_endpoint": self.address, "token_endpoint": self.address}
        if path.startswith("/token"):
            return {"value": self._token()}
        if path == "/api/v2/signingCert":
            asked = x509.load_pem_x509_csr(base64.b64decode(request["certificateSigningRequest"]))
            chain = [self._certificate(asked), self._root()]
            texts = [certificate.public_bytes(Encoding.PEM).decode() for certificate in chain]
            return {"signedCertificateEmbeddedSct": {"chain": {"certificates": texts}}}
        if path == "/api/v1/log/entries":
            return {"0" * 64: self._entry(request["spec"]["proposedContent"])}
        raise KeyError(path)

    def _public(self, key: ec.EllipticCurvePrivateKey) -> dict[str, Any]:
        return {
            "baseUrl": self.address,
            "hashAlgorithm": "SHA2_256",
            "publicKey": {
                "rawBytes": _text(_der(key)), "keyDetails": "PKIX_ECDSA_P256_SHA_256", "validFor": _SINCE,
            },
            "logId": {"keyId": _text(hashlib.sha256(_der(key)).digest())},
        }  # fmt: skip

    def _token(self) -> str:
        now = int(datetime.now(UTC).timestamp())
        claims = {"iss": self.issuer, "aud": "sigstore", "sub": "repo", "iat": now, "exp": now + 300}
        claims["job_workflow_ref"] = self.identity
        parts = (_canonical({"alg": "RS256", "typ": "JWT"}), _canonical(claims), b"not-verified-by-clients")
        return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)

    def _root(self) -> x509.Certificate:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Sigstore of a test")])
        builder = (
            x509.CertificateBuilder(name, name, self.authority.public_key(), 1)
            .not_valid_before(datetime(2026, 1, 1, tzinfo=UTC))
            .not_valid_after(datetime(2126, 1, 1, tzinfo=UTC))
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_usage(authority=True), critical=True)
            .add_extension(self._identifier(), critical=False)
        )
        return builder.sign(self.authority, SHA256())

    def _identifier(self) -> x509.SubjectKeyIdentifier:
        return x509.SubjectKeyIdentifier.from_public_key(self.authority.public_key())

    def _certificate(self, asked: x509.CertificateSigningRequest) -> x509.Certificate:
        """For ten minutes, with the promise of a certificate log."""
        now = datetime.now(UTC)
        above = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(self._identifier())
        builder = (
            x509.CertificateBuilder(self._root().subject, x509.Name([]), asked.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(seconds=60))
            .not_valid_after(now + timedelta(minutes=10))
            .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(self.identity)]), True)
            .add_extension(_usage(authority=False), critical=True)
            .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CODE_SIGNING]), critical=False)
            .add_extension(above, critical=False)
            .add_extension(x509.UnrecognizedExtension(_OIDC_ISSUER, self.issuer.encode()), critical=False)
        )
        promise = self._promise(builder.sign(self.authority, SHA256()).tbs_certificate_bytes, now)
        return builder.add_extension(
            x509.UnrecognizedExtension(_EMBEDDED_TIMESTAMP, promise), critical=False
        ).sign(self.authority, SHA256())

    def _promise(self, certificate: bytes, now: datetime) -> bytes:
        """A list of one signed certificate timestamp, as RFC 6962 encodes it."""
        head = struct.pack("!BBQH", 0, 0, int(now.timestamp() * 1000), 1)
        size = len(certificate).to_bytes(3, "big")
        signed = head + hashlib.sha256(_der(self.authority)).digest() + size + certificate + b"\0\0"
        signature = self.timestamps.sign(signed, _ECDSA)
        one = b"\0" + hashlib.sha256(_der(self.timestamps)).digest() + head[2:10] + b"\0\0\4\3"
        one += struct.pack("!H", len(signature)) + signature
        listed = struct.pack("!HH", len(one) + 2, len(one)) + one
        return bytes([0x04, len(listed)]) + listed

    def _entry(self, proposed: Mapping[str, Any]) -> dict[str, Any]:
        """The only entry of a log: its hash is the root of the tree."""
        envelope = json.loads(proposed["envelope"])
        [verifier] = proposed["verifiers"]
        payload = hashlib.sha256(base64.b64decode(envelope["payload"])).hexdigest()
        spec = {
            "envelopeHash": {
                "algorithm": "sha256", "value": hashlib.sha256(proposed["envelope"].encode()).hexdigest(),
            },
            "payloadHash": {"algorithm": "sha256", "value": payload},
            "signatures": [{"signature": one["sig"], "verifier": verifier} for one in envelope["signatures"]],
        }  # fmt: skip
        body = _canonical({"apiVersion": "0.0.1", "kind": "dsse", "spec": spec})
        identifier = hashlib.sha256(_der(self.log)).digest()
        entry = {
            "body": _text(body),
            "integratedTime": int(datetime.now(UTC).timestamp()),
            "logID": identifier.hex(),
            "logIndex": 0,
        }
        root = hashlib.sha256(b"\0" + body).digest()
        note = f"test\n1\n{_text(root)}\n"
        signature = _text(identifier[:4] + self.log.sign(note.encode(), _ECDSA))
        proof = {"logIndex": 0, "treeSize": 1, "rootHash": root.hex(), "hashes": []}
        return entry | {
            "verification": {
                "signedEntryTimestamp": _text(self.log.sign(_canonical(entry), _ECDSA)),
                "inclusionProof": proof | {"checkpoint": f"{note}\n\u2014 test {signature}\n"},
            }
        }


def _usage(*, authority: bool) -> x509.KeyUsage:
    never = dict.fromkeys(
        ("content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "encipher_only",
         "decipher_only"), False
    )  # fmt: skip
    return x509.KeyUsage(
        digital_signature=not authority, key_cert_sign=authority, crl_sign=authority, **never
    )


@contextmanager
def running(identity: str) -> Iterator[Sigstore]:
    """On a free port, until the test ends."""
    sigstore = Sigstore(identity)
    with json_server.running(sigstore.answer) as sigstore.address:
        yield sigstore
