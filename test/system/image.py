#!/usr/bin/python3
"""The parts that a virtual machine boots from: a stock Debian kernel with GPIO_SIM, its modules, and busybox.

    image.py [MACHINE]      make them in build/vm/MACHINE (nothing to do when they are there) and say where

machines.lock beside this file names the packages; scripts/packages fetches them. No root is needed.
"""

import fcntl
import io
import lzma
import os
import re
import shutil
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import gpio_sim
import packages
from unavailable import Unavailable

ROOT = Path(__file__).resolve().parents[2]
CACHE = Path(os.environ.get("PORTCULLIS_VM_CACHE", ROOT / "build" / "vm"))


@dataclass(frozen=True)
class Recipe:
    modules: tuple  # loaded by /init in this order; one that is built in is left out
    device_tree: str = None
    disk: tuple = ()  # loaded when a disk is mounted: in modules/disk


EXT4 = ("crc16", "mbcache", "jbd2", "ext4")
F2FS = ("lz4hc_compress", "f2fs")
RECIPES = {
    "amd64": Recipe(("virtio-rng", "configfs", "gpio-sim", "failover", "net_failover", "virtio_net"),
                    disk=("virtio_blk", *EXT4, *F2FS)),
    "arm64": Recipe(("virtio_mmio", "virtio_console", "virtio-rng", "configfs", "gpio-sim", "failover", "net_failover",
                     "virtio_net")),
    "armv7": Recipe(("virtio_mmio", "virtio_console", "virtio-rng", "configfs", "gpio-sim", "failover", "net_failover",
                     "virtio_net")),
    "armv6": Recipe(("configfs", "gpio-sim", "mii", "usbnet", "cdc_ether", "bcm2835-rng"), "bcm2835-rpi-zero.dtb",
                    ("crc32c_generic", *EXT4)),
}  # fmt: skip


def fetch(name):
    """The folder with vmlinuz, busybox and modules/NN-NAME.ko of one machine. Fetches them when they are not there."""
    folder = CACHE / name
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        found = packages.locked(name)
        stamp = "\n".join([str(RECIPES[name]), *(path.name for path in found.values())])
        if not (folder / "stamp").exists() or (folder / "stamp").read_text() != stamp:
            with tempfile.TemporaryDirectory(dir=CACHE, prefix=name) as scratch:
                image = Path(scratch) / "image"
                (image / "modules/disk").mkdir(parents=True)
                _build(RECIPES[name], found, image, Path(scratch))
                (image / "stamp").write_text(stamp)
                shutil.rmtree(folder, ignore_errors=True)
                image.rename(folder)
    return folder


def _build(recipe, found, image, scratch):
    places = {}
    for folder, modules in (("modules", recipe.modules), ("modules/disk", recipe.disk)):
        for place, module in enumerate(modules):
            places[module.replace("-", "_")] = f"{folder}/{place:02}"
    kernels = [name for name in found if re.match(r"linux-(image|binary|modules)-\d", name)]
    for name in kernels:
        for path, content in packages.files(found[name], r"/vmlinuz|\.ko(\.xz)?$|/%s$" % recipe.device_tree):
            base = path.rsplit("/", 1)[-1]
            stem = base.split(".ko")[0].replace("-", "_")
            if base.startswith("vmlinuz"):
                (image / "vmlinuz").write_bytes(content.read())
            elif base == recipe.device_tree:
                (image / "device-tree").write_bytes(content.read())
            elif stem in places:
                data = lzma.decompress(content.read()) if base.endswith(".xz") else content.read()
                (image / f"{places[stem]}-{stem}.ko").write_bytes(data)
    if not (image / "vmlinuz").exists():
        raise Unavailable(f"no kernel image in {', '.join(kernels)}")
    for _, content in packages.files(found["busybox-static"], r"/bin/busybox$"):
        (image / "busybox").write_bytes(content.read())
    if not list((image / "modules").glob("*-gpio_sim.ko")):
        module = gpio_sim.build(found, scratch)
        (image / f"{places['gpio_sim']}-gpio_sim.ko").write_bytes(module)
    if recipe.device_tree:
        gpio_sim.adapt_device_tree(image / "device-tree")


def write_initramfs(path, folder, files, disk=False):
    """Writes an uncompressed newc archive: busybox, the modules, and files {path in the guest: (content, mode)}. disk: with
    the modules for one."""
    everything = {"bin/busybox": ((folder / "busybox").read_bytes(), 0o755)}
    for module in sorted((folder / "modules").glob("*.ko" if not disk else "**/*.ko")):
        everything[str(module.relative_to(folder))] = (module.read_bytes(), 0o644)
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
