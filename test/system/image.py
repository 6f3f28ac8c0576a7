#!/usr/bin/python3
"""The parts that a virtual machine boots from: a stock Debian kernel with GPIO_SIM, its modules, and busybox.

    image.py [MACHINE]      fetch them into build/vm/MACHINE (nothing to do when they are there) and say where

Packages come through apt, from a source list of our own and from the mirror of the machine's own apt configuration, so
that nothing of the system changes and no root is needed. Versions are looked up, since backports and sid move on; what
was fetched once is kept until build/vm is removed.
"""

import fcntl
import io
import lzma
import os
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

import gpio_sim
from unavailable import Unavailable

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("PORTCULLIS_VM_CACHE", ROOT / "build" / "vm"))
KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"


@dataclass(frozen=True)
class Recipe:
    architecture: str  # Debian's name
    base: str  # the suite that busybox comes from
    suites: tuple  # where to look for the kernel, tried in turn
    kernel: str  # its meta package, of which the newest version is taken
    modules: tuple  # loaded by /init in this order; one that is built in is left out
    device_tree: str = None


RECIPES = {
    "amd64": Recipe(
        "amd64", "trixie", ("trixie-backports", "sid"), "linux-image-amd64",
        ("virtio-rng", "configfs", "gpio-sim", "failover", "net_failover", "virtio_net"),
    ),
    "armv7": Recipe(
        "armhf", "trixie", ("trixie-backports", "sid"), "linux-image-armmp",
        ("virtio_mmio", "virtio_console", "virtio-rng", "configfs", "gpio-sim", "failover", "net_failover",
         "virtio_net"),
    ),
    "armv6": Recipe(
        "armel", "bookworm", ("bookworm-backports",), "linux-image-rpi",
        ("configfs", "gpio-sim", "mii", "usbnet", "cdc_ether", "bcm2835-rng"), "bcm2835-rpi-zero.dtb",
    ),
}  # fmt: skip


def fetch(name):
    """The folder with vmlinuz, busybox and modules/NN-NAME.ko of one machine. Fetches them when they are not there."""
    recipe = RECIPES[name]
    folder = CACHE / name
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "vmlinuz").exists():
            with tempfile.TemporaryDirectory(dir=CACHE, prefix=name) as scratch:
                _build(recipe, Path(scratch))
                shutil.rmtree(folder, ignore_errors=True)
                (Path(scratch) / "image").rename(folder)
    return folder


def _build(recipe, scratch):
    reasons = []
    for suite in recipe.suites:
        work = scratch / suite
        image = scratch / "image"
        shutil.rmtree(image, ignore_errors=True)
        (image / "modules").mkdir(parents=True)
        try:
            apt = Apt(recipe.architecture, recipe.base, suite, work)
            _kernel(apt, recipe, image)
            for _, content in apt.files("busybox-static", r"/bin/busybox$"):
                (image / "busybox").write_bytes(content.read())
            return
        except Unavailable as reason:
            reasons.append(f"{suite}: {reason}")
    raise Unavailable("; ".join(reasons))


def _kernel(apt, recipe, image):
    places = {module.replace("-", "_"): place for place, module in enumerate(recipe.modules)}
    found = apt.kernel_packages(recipe.kernel)
    for package in found:
        for path, content in apt.files(package, r"/vmlinuz|\.ko(\.xz)?$|/%s$" % recipe.device_tree):
            base = path.rsplit("/", 1)[-1]
            stem = base.split(".ko")[0].replace("-", "_")
            if base.startswith("vmlinuz"):
                (image / "vmlinuz").write_bytes(content.read())
            elif base == recipe.device_tree:
                (image / "device-tree").write_bytes(content.read())
            elif stem in places:
                data = lzma.decompress(content.read()) if base.endswith(".xz") else content.read()
                (image / "modules" / f"{places[stem]:02}-{stem}.ko").write_bytes(data)
    if not (image / "vmlinuz").exists():
        raise Unavailable(f"no kernel image in {', '.join(found)}")
    if not list((image / "modules").glob("*-gpio_sim.ko")):
        module = gpio_sim.build(apt, found[0].removeprefix("linux-image-"))
        (image / "modules" / f"{places['gpio_sim']:02}-gpio_sim.ko").write_bytes(module)
    if recipe.device_tree:
        gpio_sim.adapt_device_tree(image / "device-tree")


class Apt:
    """apt-get and apt-cache on a folder of their own: one architecture, and a suite that is preferred to the base."""

    def __init__(self, architecture, base, suite, folder):
        self.base, self.suite, self.folder = base, suite, folder
        for sub in ("state/lists/partial", "cache/archives/partial", "parts"):
            (folder / sub).mkdir(parents=True)
        (folder / "debian.sources").write_text(
            f"Types: deb\nURIs: {_mirror()}\nSuites: {base} {suite}\nComponents: main\n"
            f"Architectures: {architecture}\nSigned-By: {KEYRING}\n"
        )
        (folder / "apt.conf").write_text(
            f"""Dir::State "{folder}/state";
Dir::State::status "/dev/null";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/debian.sources";
Dir::Etc::sourceparts "{folder}/parts";
Dir::Etc::preferences "/dev/null";
Dir::Etc::preferencesparts "{folder}/parts";
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Default-Release "{suite}";
APT::Sandbox::User "";
Acquire::Retries "2";
Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled "false";
Acquire::IndexTargets::deb::DEP-11::DefaultEnabled "false";
Acquire::IndexTargets::deb::Translations::DefaultEnabled "false";
"""
        )
        self._apt("apt-get", "-q", "-o", "APT::Update::Error-Mode=any", "update")

    def _apt(self, *command):
        environment = dict(os.environ, APT_CONFIG=str(self.folder / "apt.conf"), LC_ALL="C.UTF-8")
        done = subprocess.run(command, env=environment, cwd=self.folder, text=True, capture_output=True)
        if done.returncode:
            errors = [line for line in done.stderr.splitlines() if line.startswith("E:")] or [done.stderr.strip()]
            raise Unavailable(f"{' '.join(command)}: {errors[0]}")
        return done.stdout

    def for_host(self):
        """The same suites for the architecture of this machine: for what runs here."""
        architecture = subprocess.run(("dpkg", "--print-architecture"), text=True, capture_output=True, check=True)
        return Apt(architecture.stdout.strip(), self.base, self.suite, self.folder / "host")

    def depends(self, package):
        field = re.search(r"^Depends: (.*)$", self._apt("apt-cache", "show", "--no-all-versions", package), re.M)
        return re.findall(r"(?:^|, )(linux-[^ ,]+)", field.group(1)) if field else []

    def kernel_packages(self, meta):
        """The packages with the files that a kernel's meta package leads to."""
        seen, ahead = [], [meta]
        while ahead:
            package = ahead.pop()
            if package not in seen:
                seen.append(package)
                ahead += [name for name in self.depends(package) if re.match("linux-(image|binary|modules)-", name)]
        versioned = [name for name in seen if re.match(r"linux-(image|binary|modules)-\d", name)]
        if not versioned:
            raise Unavailable(f"{meta} leads to no kernel")
        return versioned

    def download(self, package):
        self._apt("apt-get", "-q", "download", package)
        (archive,) = self.folder.glob("*.deb")
        return archive.rename(self.folder / "cache" / archive.name)

    def files(self, package, pattern):
        """Yields (path, readable file) for the package's files whose path matches; the archive is not kept."""
        archive = self.download(package)
        with subprocess.Popen(("dpkg-deb", "--fsys-tarfile", archive), stdout=subprocess.PIPE) as reader:
            with tarfile.open(fileobj=reader.stdout, mode="r|") as tar:
                for member in tar:
                    if member.isfile() and re.search(pattern, member.name):
                        yield member.name, tar.extractfile(member)
            reader.stdout.close()
        archive.unlink()

    def unpack(self, package, folder):
        archive = self.download(package)
        subprocess.run(("dpkg-deb", "-x", archive, folder), check=True)
        archive.unlink()


def _mirror():
    """The Debian mirror that this machine's own apt uses."""
    listed = subprocess.run(
        ("apt-get", "indextargets", "--format", "$(SITE) $(ORIGIN) $(LABEL)"), text=True, capture_output=True
    )
    for line in listed.stdout.splitlines():
        if line.endswith(" Debian Debian"):
            return line.split()[0]
    raise Unavailable("apt on this machine knows no Debian mirror (is its list of packages there? apt-get update)")


def write_initramfs(path, folder, files):
    """Writes an uncompressed newc archive: busybox, the modules, and files {path in the guest: (content, mode)}."""
    everything = {"bin/busybox": ((folder / "busybox").read_bytes(), 0o755)}
    for module in sorted((folder / "modules").iterdir()):
        everything["modules/" + module.name] = (module.read_bytes(), 0o644)
    everything.update(files)
    directories = {"dev", "proc", "sys", "tmp", "run", "root"}
    for name in everything:
        directories.update(str(parent) for parent in Path(name).parents if str(parent) != ".")
    archive = _Cpio()
    for name in sorted(directories):
        archive.add(name, 0o040755)
    archive.add("dev/console", 0o020600, device=(5, 1))
    archive.add("bin/sh", 0o120777, b"busybox")
    for name, (content, mode) in everything.items():
        archive.add(name, 0o100000 | mode, content)
    path.write_bytes(archive.close())


class _Cpio:
    """A newc archive, as the kernel's Documentation/driver-api/early-userspace/buffer-format.rst has it."""

    def __init__(self):
        self.out = io.BytesIO()
        self.inode = 0

    def add(self, name, mode, content=b"", device=(0, 0)):
        self.inode += 1
        encoded = name.encode() + b"\0"
        numbers = (self.inode, mode, 0, 0, 1, 0, len(content), 0, 0, *device, len(encoded), 0)
        self.out.write(b"070701" + b"".join(b"%08X" % number for number in numbers) + encoded)
        self._pad()
        self.out.write(content)
        self._pad()

    def _pad(self):
        self.out.write(bytes(-self.out.tell() % 4))

    def close(self):
        self.add("TRAILER!!!", 0)
        return self.out.getvalue()


if __name__ == "__main__":
    try:
        print(fetch(sys.argv[1] if len(sys.argv) > 1 else "amd64"))
    except Unavailable as reason:
        sys.exit(f"image.py: {reason}")
