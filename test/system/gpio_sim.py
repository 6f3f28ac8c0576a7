"""The kernel's GPIO simulator as a module for a kernel that was built without it, and what else a Pi Zero's needs.

Debian's kernel for the ARMv6 Pis leaves out gpio-sim and irq_sim. Both are taken from the kernel's source as it is and
built into one module with clang, which the cross builds use anyway.
"""

import io
import lzma
import re
import shutil
import subprocess
import tarfile

import packages
from unavailable import Unavailable

SOURCES = {"drivers/gpio/gpio-sim.c": "gpio-sim-main.c", "kernel/irq/irq_sim.c": "irq_sim.c"}

MAKEFILE = """obj-m := gpio-sim.o
gpio-sim-y := gpio-sim-main.o irq_sim.o
ccflags-y := -DCONFIG_IRQ_SIM=1
"""

# The kernel was built by gcc: without its flags that clang lacks, and without the stack protector, whose guard clang
# seeks elsewhere.
COMPILER = """#!/bin/sh
for flag; do
	shift
	case $flag in
	-fconserve-stack | -ftrivial-auto-var-init=zero) ;;
	*) set -- "$@" "$flag" ;;
	esac
done
exec clang --target=arm-linux-gnueabi -meabi gnu "$@" -fno-stack-protector -Wno-unknown-warning-option
"""


def build(found, folder):
    """The module for an ARM kernel, as bytes. found: {name: .deb} with the kernel, its headers and its source."""
    for tool, package in (("clang", "clang"), ("ld.lld", "lld"), ("make", "make")):
        _need(tool, package)
    work = folder / "module"
    work.mkdir()
    tree = folder / "headers"
    for name, package in found.items():
        if re.match("linux-(headers|kbuild)-", name):
            subprocess.run(("dpkg-deb", "-x", package, tree), check=True)
    release = next(name for name in found if name.startswith("linux-image-")).removeprefix("linux-image-")
    makefile = tree / "usr/src" / f"linux-headers-{release}" / "Makefile"
    makefile.write_text(makefile.read_text().replace("/usr/src/", f"{tree}/usr/src/"))

    source = next(package for name, package in found.items() if name.startswith("linux-source-"))
    for _, archive in packages.files(source, r"/linux-source-.*\.tar\.xz$"):
        _take_sources(archive, work)
    (work / "Makefile").write_text(MAKEFILE)
    (work / "cc").write_text(COMPILER)
    (work / "cc").chmod(0o755)
    done = subprocess.run(
        ("make", "-C", makefile.parent, f"M={work}", f"CC={work}/cc", "LD=ld.lld",
         "CONFIG_STACKPROTECTOR_PER_TASK=", "CONFIG_MODULE_SIG=", "CONFIG_DEBUG_INFO=", "modules"),
        text=True, capture_output=True,
    )  # fmt: skip
    if done.returncode:
        raise Unavailable(f"gpio-sim does not build for {release}: {done.stderr.strip()[-500:]}")
    return (work / "gpio-sim.ko").read_bytes()


def _take_sources(archive, folder):
    ahead = dict(SOURCES)
    with tarfile.open(fileobj=lzma.open(io.BytesIO(archive.read())), mode="r|") as tar:
        for member in tar:
            path = member.name.partition("/")[2]
            if path in ahead:
                text = tar.extractfile(member).read().decode()
                # Not exported to modules: the table's alias tool, and the descriptor of an interrupt.
                text = re.sub(r"^(MODULE_DEVICE_TABLE|EXPORT_SYMBOL\w*)\(.*\n", "", text, flags=re.M)
                text = re.sub(r"handle_simple_irq\(irq_to_desc\((\w+)\)\)", r"generic_handle_irq_safe(\1)", text)
                (folder / ahead.pop(path)).write_text(text)
                if not ahead:
                    return
    raise Unavailable(f"the kernel's source lacks {', '.join(ahead)}")


def adapt_device_tree(path):
    """Makes the Pi Zero's USB port a host: the network hangs on it."""
    _need("fdtput", "device-tree-compiler")
    subprocess.run(("fdtput", "-t", "s", path, "/soc/usb@7e980000", "dr_mode", "host"), check=True)


def _need(tool, package):
    if not shutil.which(tool):
        raise Unavailable(f"{tool} is not installed: apt-get install {package}")
