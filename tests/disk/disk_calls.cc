// The calls of the C library that change files, for a program with a LossyDisk: they do what they always do, and tell the disk.
// Below its root nothing is really synced, which also makes the tests quick.
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <climits>
#include <cstdlib>
#include <filesystem>
#include <string>

#include "absl/strings/str_cat.h"
#include "tests/disk/lossy_disk.h"

using recount::disk::LossyDisk;

namespace {

// Absolute, and each path in one form; empty: a relative path, which no store uses, or nobody asks for it.
std::string PathOf(int folder, const char* path) {
  if (!LossyDisk::IsOn()) return "";
  if (path[0] != '/') {
    if (folder == AT_FDCWD) return "";
    char base[PATH_MAX];
    const ssize_t size = readlink(absl::StrCat("/proc/self/fd/", folder).c_str(), base, sizeof(base));
    if (size < 0) return "";
    return PathOf(AT_FDCWD, absl::StrCat(std::string(base, static_cast<size_t>(size)), "/", path).c_str());
  }
  const std::string text(path);
  const bool is_plain = text.find("//") == std::string::npos && text.find("/.") == std::string::npos && text.back() != '/';
  if (is_plain) return text;
  std::string normal = std::filesystem::path(text).lexically_normal().string();
  while (normal.size() > 1 && normal.back() == '/') normal.pop_back();
  return normal;
}

bool Exists(const std::string& path) {
  struct stat info;
  return lstat(path.c_str(), &info) == 0;
}

int Open(int folder, const char* name, int flags, mode_t mode) {
  const auto call = [&] { return static_cast<int>(syscall(SYS_openat, folder, name, flags, mode)); };
  const std::string path = PathOf(folder, name);
  LossyDisk* disk = LossyDisk::Watching(absl::string_view(path));
  if (disk == nullptr) {
    const int other = call();
    if (other >= 0) LossyDisk::Forget(other);
    return other;
  }
  if ((flags & O_TRUNC) != 0 || ((flags & O_CREAT) != 0 && !Exists(path))) disk->Before();
  const int descriptor = call();
  if (descriptor >= 0) disk->Opened(descriptor, path, flags);
  return descriptor;
}

int SyncDescriptor(int descriptor, long number) {
  LossyDisk* disk = LossyDisk::Watching(descriptor);
  if (disk == nullptr) return static_cast<int>(syscall(number, descriptor));
  disk->Before();
  disk->Synced(descriptor);
  return 0;
}

int Resize(int descriptor, off_t size) {
  LossyDisk* disk = LossyDisk::Watching(descriptor);
  if (disk != nullptr) disk->Before();
  const int result = static_cast<int>(syscall(SYS_ftruncate, descriptor, size));
  if (disk != nullptr && result == 0) disk->Resized(descriptor, static_cast<uint64_t>(size));
  return result;
}

int Allocate(int descriptor, int mode, off_t offset, off_t length) {
  LossyDisk* disk = LossyDisk::Watching(descriptor);
  const int result = static_cast<int>(syscall(SYS_fallocate, descriptor, mode, offset, length));
  const auto end = static_cast<uint64_t>(offset + length);
  if (disk != nullptr && result == 0 && mode == 0 && end > disk->SizeOf(descriptor)) disk->Resized(descriptor, end);
  return result;
}

ssize_t WriteAt(int descriptor, const void* bytes, size_t size, off_t offset) {
  LossyDisk* disk = LossyDisk::Watching(descriptor);
  if (disk != nullptr) disk->Before();
  const ssize_t written = syscall(SYS_pwrite64, descriptor, bytes, size, offset);
  if (disk != nullptr && written > 0) {
    disk->Wrote(descriptor, static_cast<uint64_t>(offset), {static_cast<const char*>(bytes), static_cast<size_t>(written)});
  }
  return written;
}

int Remove(int folder, const char* name, int flags) {
  const std::string path = PathOf(folder, name);
  LossyDisk* disk = LossyDisk::Watching(absl::string_view(path));
  if (disk != nullptr) disk->Before();
  const int result = static_cast<int>(syscall(SYS_unlinkat, folder, name, flags));
  if (disk != nullptr && result == 0) disk->Removed(path);
  return result;
}

}  // namespace

extern "C" {

int open(const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return Open(AT_FDCWD, path, flags, mode);
}

int openat(int folder, const char* path, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(arguments, mode_t) : 0;
  va_end(arguments);
  return Open(folder, path, flags, mode);
}

int close(int descriptor) {
  if (LossyDisk* disk = LossyDisk::Watching(descriptor)) disk->Closed(descriptor);
  return static_cast<int>(syscall(SYS_close, descriptor));
}

ssize_t write(int descriptor, const void* bytes, size_t size) {
  LossyDisk* disk = LossyDisk::Watching(descriptor);
  if (disk == nullptr) return syscall(SYS_write, descriptor, bytes, size);
  disk->Before();
  const ssize_t written = syscall(SYS_write, descriptor, bytes, size);
  if (written <= 0) return written;
  const off_t end = lseek(descriptor, 0, SEEK_CUR);
  disk->Wrote(descriptor, static_cast<uint64_t>(end - written),
              {static_cast<const char*>(bytes), static_cast<size_t>(written)});
  return written;
}

ssize_t writev(int descriptor, const struct iovec* parts, int count) {
  if (LossyDisk::Watching(descriptor) == nullptr) return syscall(SYS_writev, descriptor, parts, count);
  ssize_t sum = 0;
  for (int i = 0; i < count; ++i) {
    const ssize_t written = write(descriptor, parts[i].iov_base, parts[i].iov_len);
    if (written < 0) return sum > 0 ? sum : written;
    sum += written;
  }
  return sum;
}

ssize_t pwrite(int descriptor, const void* bytes, size_t size, off_t offset) {
  return WriteAt(descriptor, bytes, size, offset);
}
ssize_t pwrite64(int descriptor, const void* bytes, size_t size, off64_t offset) {
  return WriteAt(descriptor, bytes, size, offset);
}
int ftruncate(int descriptor, off_t size) noexcept { return Resize(descriptor, size); }
int ftruncate64(int descriptor, off64_t size) noexcept { return Resize(descriptor, size); }
int fallocate(int descriptor, int mode, off_t offset, off_t length) { return Allocate(descriptor, mode, offset, length); }
int posix_fallocate(int descriptor, off_t offset, off_t length) {
  return Allocate(descriptor, 0, offset, length) == 0 ? 0 : errno;
}
int fsync(int descriptor) { return SyncDescriptor(descriptor, SYS_fsync); }
int fdatasync(int descriptor) { return SyncDescriptor(descriptor, SYS_fdatasync); }

// Promises nothing about what is there after a power failure.
int sync_file_range(int descriptor, off64_t offset, off64_t length, unsigned int flags) { return 0; }

int rename(const char* from, const char* to) noexcept {
  const std::string source = PathOf(AT_FDCWD, from);
  LossyDisk* disk = LossyDisk::Watching(absl::string_view(source));
  if (disk != nullptr) disk->Before();
  const int result = static_cast<int>(syscall(SYS_rename, from, to));
  if (disk != nullptr && result == 0) disk->Renamed(source, PathOf(AT_FDCWD, to));
  return result;
}

int link(const char* from, const char* to) noexcept {
  const std::string source = PathOf(AT_FDCWD, from);
  LossyDisk* disk = LossyDisk::Watching(absl::string_view(source));
  if (disk != nullptr) disk->Before();
  const int result = static_cast<int>(syscall(SYS_link, from, to));
  if (disk != nullptr && result == 0) disk->Linked(source, PathOf(AT_FDCWD, to));
  return result;
}

int mkdir(const char* path, mode_t mode) noexcept {
  const std::string made = PathOf(AT_FDCWD, path);
  LossyDisk* disk = LossyDisk::Watching(absl::string_view(made));
  if (disk != nullptr) disk->Before();
  const int result = static_cast<int>(syscall(SYS_mkdir, path, mode));
  if (disk != nullptr && result == 0) disk->Made(made);
  return result;
}

int unlink(const char* path) noexcept { return Remove(AT_FDCWD, path, 0); }
int unlinkat(int folder, const char* path, int flags) noexcept { return Remove(folder, path, flags); }
int rmdir(const char* path) noexcept { return Remove(AT_FDCWD, path, AT_REMOVEDIR); }

int remove(const char* path) noexcept {
  const int result = Remove(AT_FDCWD, path, 0);
  return result != 0 && errno == EISDIR ? Remove(AT_FDCWD, path, AT_REMOVEDIR) : result;
}

}  // extern "C"
