"""A recountd in a virtual machine whose power can fail: what its kernel had not written when it was killed is gone.

QEMU without the help of the processor, which works wherever this program runs; the kernel of Debian's package (unpacked, not installed) and a file system in memory that holds the server and its libraries;
the data lie on a disk of ext4 in a file. `tools/setup --power` installs what is needed.
"""

import glob
import os
import re
import shutil
import socket
import subprocess
import time

from harness.protos import BIN
from harness.server import Server

KERNEL_PACKAGE = "linux-image-cloud-amd64"
TOOLS = ("qemu-system-x86_64", "busybox", "cpio", "mkfs.ext4")
# In the order in which they need each other.
MODULES = ("virtio_ring", "virtio", "virtio_pci_modern_dev", "virtio_pci_legacy_dev", "virtio_pci", "virtio_blk", "failover", "net_failover",
           "virtio_net")
DISK_BYTES = 4 << 30
MEMORY_MB = 1536
DATA_FILES = ("/usr/share/zoneinfo",)
# --insecure listens on a loopback address: connections from outside are passed on to it. When the server ends, so does the machine.
INIT = """#!/bin/busybox sh
/bin/busybox mkdir -p /proc /sys /dev /disk /tmp
/bin/busybox mount -t proc proc /proc
/bin/busybox mount -t sysfs sysfs /sys
/bin/busybox mount -t devtmpfs dev /dev
for module in {modules}; do /bin/busybox insmod /modules/$module.ko; done
/bin/busybox ip link set lo up
/bin/busybox ip link set eth0 up
/bin/busybox ip addr add 10.0.2.15/24 dev eth0
/bin/busybox mount -t ext4 /dev/vda /disk && /bin/busybox mkdir -p /disk/backups
/bin/busybox nc -ll -p 7421 -e /bin/busybox nc 127.0.0.1 7420 &
{preload} /recountd --data /disk/data --listen 127.0.0.1:7420 --backups /disk/backups {flags}
echo recountd ended with $?
/bin/busybox poweroff -f
"""


def missing():
    """What is not installed; empty: machines can be made."""
    return [tool for tool in TOOLS if shutil.which(tool, path=os.environ["PATH"] + ":/sbin:/usr/sbin") is None]


def run(*command, **more):
    done = subprocess.run(command, capture_output=True, text=True, **more)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {done.returncode}: {done.stderr[-2000:]}")
    return done.stdout


def kernel(folder):
    """(kernel, folder of its modules), unpacked below `folder` once."""
    if not glob.glob(os.path.join(folder, "boot", "vmlinuz-*")):
        os.makedirs(folder, exist_ok=True)
        depends = run("apt-cache", "depends", KERNEL_PACKAGE)
        package = re.search(r"Depends: (linux-image-\S+)", depends).group(1)
        run("apt-get", "download", package, cwd=folder)
        run("dpkg", "-x", glob.glob(os.path.join(folder, "linux-image-*.deb"))[0], folder)
    return glob.glob(os.path.join(folder, "boot", "vmlinuz-*"))[0], glob.glob(os.path.join(folder, "lib", "modules", "*"))[0]


class VirtualServer(Server):
    """As Server, with flags that need no files, and with `kill` for a failure of power. Nobody outside sees its files. `preload`: a
    library that comes between the server and the system."""

    SECONDS_TO_START = 120
    SECONDS_OF_A_START = 8
    FILES_ARE_AT_HAND = False

    def __init__(self, folder, flags, kernels, preload=""):
        super().__init__(folder, flags=flags, started=False)
        self.backups = "/disk/backups"
        self.kernels, self.preload = kernels, preload
        self.disk, self.memory_disk = os.path.join(folder, "disk"), os.path.join(folder, "initramfs")

    def start(self, flags=None):
        self.launch(flags)
        self._wait_until_serving()

    def launch(self, flags=None):
        os.makedirs(self.folder, exist_ok=True)
        if not os.path.exists(self.disk):
            self._make_disks()
        self.log_path = os.path.join(self.folder, "console.log")
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"127.0.0.1:{port}"
        image, _ = kernel(self.kernels)
        with open(self.log_path, "ab") as console:
            self.process = subprocess.Popen(
                ["qemu-system-x86_64", "-accel", "tcg", "-cpu", "max", "-m", str(MEMORY_MB), "-smp", "2", "-nodefaults", "-no-reboot", "-display", "none",
                 "-serial", "stdio", "-kernel", image, "-initrd", self.memory_disk, "-append", "console=ttyS0 panic=-1 quiet",
                 "-drive", f"file={self.disk},format=raw,if=virtio,cache=writeback",
                 "-netdev", f"user,id=net,hostfwd=tcp:127.0.0.1:{port}-10.0.2.15:7421", "-device", "virtio-net-pci,netdev=net,romfile="],
                stdin=subprocess.DEVNULL, stdout=console, stderr=console)

    def _wait_until_serving(self):
        """Connections are taken before the server is there: each try is a connection of its own."""
        end = time.monotonic() + self.SECONDS_TO_START
        while True:
            try:
                return super()._wait_until_serving()
            except Exception:
                if self.process.poll() is not None or time.monotonic() > end:
                    raise RuntimeError(f"the virtual machine does not serve\n{self.log()}") from None

    def stop(self):
        """There is nobody inside to be asked."""
        self.kill()

    def _make_disks(self):
        with open(self.disk, "wb") as file:
            file.truncate(DISK_BYTES)
        run("mkfs.ext4", "-q", self.disk, env=dict(os.environ, PATH=os.environ["PATH"] + ":/sbin:/usr/sbin"))
        root = os.path.join(self.folder, "root")
        os.makedirs(os.path.join(root, "bin"))
        os.makedirs(os.path.join(root, "modules"))
        shutil.copy(shutil.which("busybox"), os.path.join(root, "bin", "busybox"))
        _, modules = kernel(self.kernels)
        for name in MODULES:
            for path in glob.glob(os.path.join(modules, "**", name + ".ko"), recursive=True):
                shutil.copy(path, os.path.join(root, "modules"))
        program = os.path.join(root, "recountd")
        run("strip", "-o", program, os.path.join(BIN, "recountd"))
        for library in set(re.findall(r"(/\S+) \(0x", run("ldd", program))):
            os.makedirs(os.path.dirname(root + library), exist_ok=True)
            shutil.copy(library, root + library)
        for path in DATA_FILES:
            shutil.copytree(path, root + path, symlinks=True)
        if self.preload:
            shutil.copy(self.preload, os.path.join(root, "preload.so"))
        with open(os.path.join(root, "init"), "w") as file:
            file.write(INIT.format(modules=" ".join(MODULES), flags=" ".join(self.flags), preload="LD_PRELOAD=/preload.so" if self.preload else ""))
        os.chmod(os.path.join(root, "init"), 0o755)
        with open(self.memory_disk, "wb") as file:
            names = subprocess.run(["find", "."], cwd=root, check=True, capture_output=True).stdout
            subprocess.run(["cpio", "-o", "-H", "newc", "--quiet"], cwd=root, input=names, stdout=file, check=True)
        shutil.rmtree(root)
