"""A disk of a few hundred megabytes in memory, which a test may fill."""

import os
import subprocess
import tempfile
import unittest

# RocksDB takes space for what it will write some 70 MB ahead, in each database.
SIZE = "400m"
BALLAST = "ballast"


class SmallDisk:
    """Mounted while it is open. SkipTest where mounting is not allowed."""

    def __enter__(self):
        self.folder = tempfile.mkdtemp(prefix="recount-disk-")
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=" + SIZE, "tmpfs", self.folder], capture_output=True, text=True)
        if done.returncode != 0:
            os.rmdir(self.folder)
            raise unittest.SkipTest("needs root and the right to mount a tmpfs: " + (done.stdout + done.stderr).strip())
        return self

    def __exit__(self, *exc):
        subprocess.run(["umount", self.folder], check=True)
        os.rmdir(self.folder)

    def fill(self, leave_bytes=0):
        """Until nothing is free, or about as much as is said."""
        with open(os.path.join(self.folder, BALLAST), "ab", buffering=0) as ballast:
            while (free := self.free_bytes() - leave_bytes) > 0:
                try:
                    ballast.write(bytes(min(free, 1 << 20)))
                except OSError:
                    pass  # somebody else took the rest meanwhile

    def make_room(self):
        os.remove(os.path.join(self.folder, BALLAST))

    def free_bytes(self):
        disk = os.statvfs(self.folder)
        return disk.f_bavail * disk.f_frsize
