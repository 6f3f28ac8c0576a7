"""Certificates for tests, good and bad, made by the openssl command: certificates.py FOLDER writes the set that
test/unit/test_tls.c reads.
"""

import datetime
import ipaddress
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

NOW = datetime.datetime.now(datetime.timezone.utc)
DAY = datetime.timedelta(days=1)


def openssl(*arguments):
    subprocess.run(["openssl", *map(str, arguments)], check=True, stdin=subprocess.DEVNULL, capture_output=True)


def moment(when):
    return when.strftime("%Y%m%d%H%M%SZ")


def alternative_names(names):
    def entry(name):
        try:
            ipaddress.ip_address(name)
            return f"IP:{name}"
        except ValueError:
            return f"DNS:{name}"
    return ",".join(entry(name) for name in names)


@dataclass
class Pair:
    certificate: Path
    key: Path


CONSTRAINED = "nameConstraints = critical,permitted;DNS:door.test,permitted;DNS:localhost,permitted;IP:127.0.0.0/255.0.0.0"


class Authority:
    """A CA in a folder of its own, signed by itself or by another one. ca.certificate is what clients trust."""

    def __init__(self, folder, name="Test CA", issuer=None, key="ec", more=(), end=NOW + 3650 * DAY):
        self.folder = Path(folder)
        self.folder.mkdir(parents=True)
        self.count = 0
        (self.folder / "index").touch()
        (self.folder / "index.attr").write_text("unique_subject = no\n")
        (self.folder / "ca.cnf").write_text(
            f"[ca]\ndefault_ca = it\n[it]\ndatabase = {self.folder}/index\nnew_certs_dir = {self.folder}\n"
            "default_md = sha256\nrand_serial = yes\npolicy = any\n[any]\ncommonName = supplied\n")
        self.certificate, self.key = self.folder / "ca.crt", self.folder / "ca.key"
        extensions = ["basicConstraints = critical,CA:TRUE", "keyUsage = critical,keyCertSign,cRLSign", *more]
        pair = (issuer or self).issue(name, file=self.folder / "ca", key=key, extensions=extensions,
                                      selfsign=issuer is None, end=end)
        assert pair.certificate == self.certificate

    def issue(self, name, names=(), file=None, begin=NOW - DAY, end=NOW + 90 * DAY, key="ec", usage="serverAuth",
              extensions=None, selfsign=False, password=None):
        """A certificate with the common name and, when given, subjectAltName; password encrypts its key."""
        self.count += 1
        base = str(file or self.folder / f"{self.count}")
        pair = Pair(Path(base + ".crt"), Path(base + ".key"))
        kind = {"ec": ["EC", "-pkeyopt", "ec_paramgen_curve:P-256"], "rsa": ["RSA", "-pkeyopt", "rsa_keygen_bits:2048"],
                "ed25519": ["ED25519"]}[key]
        openssl("genpkey", "-algorithm", *kind, "-out", pair.key)
        openssl("req", "-new", "-key", pair.key, "-subj", f"/CN={name}", "-out", base + ".csr")
        if extensions is None:
            extensions = ["basicConstraints = CA:FALSE"]
            if usage:
                extensions.append(f"extendedKeyUsage = {usage}")
            if names:
                extensions.append(f"subjectAltName = {alternative_names(names)}")
        Path(base + ".ext").write_text("\n".join(extensions) + "\n")
        signer = ["-selfsign", "-keyfile", pair.key] if selfsign else ["-cert", self.certificate, "-keyfile", self.key]
        openssl("ca", "-batch", "-notext", "-config", self.folder / "ca.cnf", *signer,
                "-startdate", moment(begin), "-enddate", moment(end), "-extfile", base + ".ext",
                "-in", base + ".csr", "-out", pair.certificate)
        if password is not None:
            openssl("pkcs8", "-topk8", "-in", pair.key, "-out", base + ".enc", "-passout", f"pass:{password}")
            pair.key = Path(base + ".enc")
        return pair

    def self_signed(self, name, names=()):
        """A server's certificate that is its own issuer."""
        return self.issue(name, extensions=[f"subjectAltName = {alternative_names(names)}"] if names else [],
                          selfsign=True)


def chain(path, *certificates):
    path = Path(path)
    path.write_text("".join(Path(each).read_text() for each in certificates))
    return path


def write_set(folder):
    """For the unit test, each with the name that it has there."""
    folder = Path(folder)
    ca = Authority(folder / "ca")
    ca.issue("server", ["door.test", "*.wild.test", "127.0.0.1", "::1"], file=folder / "server")
    ca.issue("renewed", ["door.test"], file=folder / "renewed")
    ca.issue("rsa", ["door.test"], file=folder / "rsa", key="rsa")
    ca.issue("door.test", file=folder / "common")
    ca.issue("127.0.0.1", file=folder / "common_address")
    ca.issue("old", ["door.test"], file=folder / "old", begin=NOW - 30 * DAY, end=NOW - DAY)
    ca.issue("early", ["door.test"], file=folder / "early", begin=NOW + 30 * DAY, end=NOW + 90 * DAY)
    ca.issue("client only", ["door.test"], file=folder / "usage", usage="clientAuth")
    ca.issue("locked", ["door.test"], file=folder / "locked", password="open sesame")
    ca.issue("ed25519", ["door.test"], file=folder / "ed25519", key="ed25519")
    Authority(folder / "other", "Other CA")
    Authority(folder / "again")
    middle = Authority(folder / "middle", "Middle CA", issuer=ca)
    middle.issue("leaf", ["door.test"], file=folder / "leaf")
    chain(folder / "chain.crt", folder / "leaf.crt", middle.certificate)
    Authority(folder / "constrained", "Constrained CA", more=[CONSTRAINED])
    own = ca.self_signed("own", ["door.test"])
    own.certificate.rename(folder / "own.crt")
    own.key.rename(folder / "own.key")


if __name__ == "__main__":
    write_set(sys.argv[1])
