#include "eventstore/durable_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "absl/strings/str_cat.h"

namespace recount::eventstore {
namespace {

std::string ParentOf(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

absl::Status WriteAndSync(int descriptor, const std::string& path, absl::string_view content) {
  while (!content.empty()) {
    const ssize_t written = write(descriptor, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError("write", path);
    content.remove_prefix(static_cast<size_t>(written));
  }
  if (fsync(descriptor) != 0) return FileError("sync", path);
  return absl::OkStatus();
}

}  // namespace

absl::Status FileError(absl::string_view action, const std::string& path) {
  const bool is_full = errno == ENOSPC || errno == EDQUOT;
  const std::string sentence = absl::StrCat("cannot ", action, " ", path, ": ", std::strerror(errno));
  return is_full ? absl::ResourceExhaustedError(absl::StrCat("DISK_FULL: ", sentence)) : absl::UnavailableError(sentence);
}

bool FileExists(const std::string& path) {
  struct stat info;
  return stat(path.c_str(), &info) == 0;
}

absl::Status MakeDirectory(const std::string& path) {
  if (FileExists(path)) return absl::OkStatus();
  const std::string parent = ParentOf(path);
  if (absl::Status status = MakeDirectory(parent); !status.ok()) return status;
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return FileError("make folder", path);
  return SyncDirectory(parent);
}

absl::Status SyncDirectory(const std::string& path) {
  const int descriptor = open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (descriptor < 0) return FileError("open folder", path);
  const bool synced = fsync(descriptor) == 0;
  absl::Status status = synced ? absl::OkStatus() : FileError("sync folder", path);
  close(descriptor);
  return status;
}

absl::Status ReplaceFile(const std::string& path, absl::string_view content, int mode) {
  const std::string temporary = path + ".new";
  const int descriptor = open(temporary.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode);
  if (descriptor < 0) return FileError("write", temporary);
  absl::Status status = WriteAndSync(descriptor, temporary, content);
  close(descriptor);
  if (status.ok() && rename(temporary.c_str(), path.c_str()) != 0) status = FileError("rename", temporary);
  if (!status.ok()) {
    unlink(temporary.c_str());
    return status;
  }
  return SyncDirectory(ParentOf(path));
}

absl::StatusOr<std::string> ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return FileError("read", path);
  std::ostringstream content;
  content << file.rdbuf();
  if (file.bad()) return FileError("read", path);
  return content.str();
}

absl::StatusOr<std::unique_ptr<DirectoryLock>> DirectoryLock::Take(const std::string& directory) {
  const std::string path = directory + "/LOCK";
  const int descriptor = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0) return FileError("open", path);
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    close(descriptor);
    return absl::FailedPreconditionError(
        absl::StrCat("the folder ", directory, " is in use by another process; stop that one first"));
  }
  return std::unique_ptr<DirectoryLock>(new DirectoryLock(descriptor));
}

DirectoryLock::~DirectoryLock() { close(descriptor_); }

}  // namespace recount::eventstore
