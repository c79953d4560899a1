"""A disk that forgets: `disk.py MOUNT LIVE DURABLE`. What is written lands in LIVE; what was synced, and every change of names, in DURABLE too.

A power cut is to stop the file system and go on with DURABLE: it holds each file as it was at its last sync. Names are kinder than
a real disk's, which may lose a new file whose directory was not synced. To make the folder `settle` syncs everything.
"""

import errno
import os
import stat
import sys
import threading

from mfusepy import FUSE, FuseOSError, Operations

DSYNC = os.O_DSYNC | os.O_SYNC


class Disk(Operations):
    use_ns = True

    def __init__(self, live, durable):
        self.live = live
        self.durable = durable
        self.guard = threading.RLock()
        # Path to the byte ranges that were written and not synced.
        self.dirty = {}
        self.syncing = set()

    def at(self, path):
        return self.live + path

    def kept(self, path):
        return self.durable + path

    def both(self, change, *paths):
        with self.guard:
            change(*map(self.at, paths))
            change(*map(self.kept, paths))

    def getattr(self, path, fh=None):
        found = os.lstat(self.at(path))
        return {key.removesuffix("_ns"): getattr(found, key) for key in ("st_atime_ns", "st_ctime_ns", "st_gid", "st_mode", "st_mtime_ns", "st_nlink", "st_size", "st_uid")}

    def readdir(self, path, fh):
        return [".", "..", *os.listdir(self.at(path))]

    def statfs(self, path):
        found = os.statvfs(self.at(path))
        return {key: getattr(found, key) for key in ("f_bavail", "f_bfree", "f_blocks", "f_bsize", "f_favail", "f_ffree", "f_files", "f_flag", "f_frsize", "f_namemax")}

    def mkdir(self, path, mode):
        self.both(lambda place: os.mkdir(place, mode), path)
        if path == "/settle":
            self.settle()

    def rmdir(self, path):
        self.both(os.rmdir, path)

    def chmod(self, path, mode):
        self.both(lambda place: os.chmod(place, mode), path)

    def chown(self, path, uid, gid):
        pass

    def utimens(self, path, times=None):
        os.utime(self.at(path), ns=times)

    def unlink(self, path):
        with self.guard:
            self.both(os.unlink, path)
            self.dirty.pop(path, None)

    def rename(self, old, new):
        with self.guard:
            self.both(os.rename, old, new)
            moved = {path: ranges for path, ranges in self.dirty.items() if path == old or path.startswith(f"{old}/")}
            for path in moved:
                del self.dirty[path]
            self.dirty.pop(new, None)
            for path, ranges in moved.items():
                self.dirty[new + path[len(old) :]] = ranges

    def create(self, path, mode, fi=None):
        with self.guard:
            os.close(os.open(self.kept(path), os.O_CREAT | os.O_WRONLY, mode))
            return self.opened(os.open(self.at(path), os.O_CREAT | os.O_RDWR, mode), 0)

    def open(self, path, flags):
        return self.opened(os.open(self.at(path), os.O_RDWR if flags & os.O_ACCMODE else os.O_RDONLY), flags)

    def opened(self, fh, flags):
        if flags & DSYNC:
            self.syncing.add(fh)
        return fh

    def release(self, path, fh):
        self.syncing.discard(fh)
        os.close(fh)

    def read(self, path, size, offset, fh):
        return os.pread(fh, size, offset)

    def write(self, path, data, offset, fh):
        with self.guard:
            count = os.pwrite(fh, data, offset)
            self.dirty.setdefault(path, []).append((offset, count))
            if fh in self.syncing:
                self.sync(path)
            return count

    def truncate(self, path, length, fh=None):
        with self.guard:
            os.truncate(self.at(path), length)
            self.dirty.setdefault(path, [])

    def flush(self, path, fh):
        pass

    def fsync(self, path, datasync, fh):
        with self.guard:
            self.sync(path)

    def fsyncdir(self, path, datasync, fh):
        pass

    def sync(self, path):
        ranges = self.dirty.pop(path, None)
        if ranges is None:
            return
        with open(self.at(path), "rb", 0) as source, open(self.kept(path), "r+b", 0) as target:
            size = os.fstat(source.fileno()).st_size
            target.truncate(size)
            for offset, count in ranges:
                os.pwrite(target.fileno(), os.pread(source.fileno(), count, offset), offset)

    def settle(self):
        with self.guard:
            for path in list(self.dirty):
                self.sync(path)

    def link(self, target, source):
        raise FuseOSError(errno.ENOTSUP)

    def symlink(self, target, source):
        raise FuseOSError(errno.ENOTSUP)

    def readlink(self, path):
        raise FuseOSError(errno.EINVAL)

    def access(self, path, mode):
        os.stat(self.at(path))
        return 0

    def mknod(self, path, mode, dev):
        if not stat.S_ISREG(mode):
            raise FuseOSError(errno.ENOTSUP)
        os.close(self.create(path, mode & 0o777))


mount, live, durable = sys.argv[1:]
FUSE(Disk(live, durable), mount, foreground=True, nothreads=False)
