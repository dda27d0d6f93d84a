#include "eventstore/high_water_mark.h"

#include <fcntl.h>
#include <openssl/sha.h>
#include <pthread.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstring>
#include <optional>
#include <utility>

#include "absl/strings/str_cat.h"
#include "eventstore/durable_file.h"
#include "eventstore/rocksdb_layout.h"

namespace recount::eventstore {
namespace {

constexpr size_t kSlotSize = 512;
constexpr size_t kIdSize = 16;
constexpr char kMagic[] = "RCNTHWM1";
constexpr size_t kMagicSize = 8;
// Acknowledgements of the last moments may be missing in the mark: at most 100 ms, with room for a slow sync.
constexpr std::chrono::milliseconds kGather(50);

std::string Checksum(absl::string_view bytes) {
  std::string digest(SHA256_DIGEST_LENGTH, '\0');
  SHA256(reinterpret_cast<const unsigned char*>(bytes.data()), bytes.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return digest;
}

std::string EncodeSlot(const HighWaterMark& mark, absl::string_view log_id) {
  std::string slot(kMagic, kMagicSize);
  slot.append(log_id.data(), log_id.size());
  AppendU64(mark.sequence, &slot);
  AppendU32(mark.tenant, &slot);
  AppendU64(mark.first_position, &slot);
  AppendU64(mark.last_position, &slot);
  slot.append(mark.hash.begin(), mark.hash.end());
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  AppendU64(static_cast<uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(now).count()), &slot);
  slot.resize(kSlotSize - SHA256_DIGEST_LENGTH, '\0');
  return slot + Checksum(slot);
}

std::optional<HighWaterMark> DecodeSlot(absl::string_view slot, absl::string_view log_id) {
  if (slot.size() != kSlotSize || slot.substr(0, kMagicSize) != kMagic) return std::nullopt;
  const absl::string_view body = slot.substr(0, kSlotSize - SHA256_DIGEST_LENGTH);
  if (slot.substr(body.size()) != Checksum(body) || body.substr(kMagicSize, kIdSize) != log_id) return std::nullopt;
  const char* at = body.data() + kMagicSize + kIdSize;
  HighWaterMark mark;
  mark.sequence = ReadU64(at);
  mark.tenant = ReadU32(at + 8);
  mark.first_position = ReadU64(at + 12);
  mark.last_position = ReadU64(at + 20);
  std::memcpy(mark.hash.data(), at + 28, mark.hash.size());
  return mark;
}

}  // namespace

absl::Status HighWaterMarkFile::Create(const std::string& path, absl::string_view log_id) {
  const std::string slot = EncodeSlot(HighWaterMark{}, log_id);
  return ReplaceFile(path, slot + slot);
}

absl::StatusOr<std::unique_ptr<HighWaterMarkFile>> HighWaterMarkFile::Open(const std::string& path,
                                                                          absl::string_view log_id) {
  absl::StatusOr<std::string> content = ReadFile(path);
  if (!content.ok()) return content.status();
  std::optional<HighWaterMark> best;
  int best_slot = 0;
  for (int i = 0; i < 2; ++i) {
    if (content->size() < (i + 1) * kSlotSize) break;
    auto mark = DecodeSlot(absl::string_view(*content).substr(i * kSlotSize, kSlotSize), log_id);
    if (!mark.has_value() || (best.has_value() && best->sequence > mark->sequence)) continue;
    best = mark;
    best_slot = i;
  }
  if (!best.has_value()) {
    return absl::DataLossError(absl::StrCat(
        "DATA_DAMAGED: ", path, " cannot be read or belongs to another log, so that it is not known whether the log is "
        "complete. Keep a copy of the data folder and restore a backup."));
  }
  const int descriptor = open(path.c_str(), O_WRONLY | O_CLOEXEC);
  if (descriptor < 0) return FileError("open", path);
  std::unique_ptr<HighWaterMarkFile> file(new HighWaterMarkFile(path, log_id, descriptor));
  file->mark_ = *best;
  file->next_slot_ = 1 - best_slot;
  return file;
}

HighWaterMarkFile::~HighWaterMarkFile() { close(descriptor_); }

absl::Status HighWaterMarkFile::Write(const HighWaterMark& mark) {
  const std::string slot = EncodeSlot(mark, log_id_);
  const off_t place = next_slot_ * static_cast<off_t>(kSlotSize);
  for (size_t done = 0; done < slot.size();) {
    const ssize_t written = pwrite(descriptor_, slot.data() + done, slot.size() - done, place + static_cast<off_t>(done));
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return FileError("write", path_);
    done += static_cast<size_t>(written);
  }
  if (fdatasync(descriptor_) != 0) return FileError("sync", path_);
  next_slot_ = 1 - next_slot_;
  mark_ = mark;
  return absl::OkStatus();
}

HighWaterMarkWriter::HighWaterMarkWriter(std::unique_ptr<HighWaterMarkFile> file,
                                         std::function<void(const absl::Status&)> on_failure)
    : file_(std::move(file)), on_failure_(std::move(on_failure)), thread_([this] { Run(); }) {}

HighWaterMarkWriter::~HighWaterMarkWriter() { Close(); }

void HighWaterMarkWriter::Raise(const HighWaterMark& mark) {
  bool wake;
  {
    std::lock_guard lock(mutex_);
    mark_ = mark;
    wake = !is_raised_;
    is_raised_ = true;
  }
  if (wake) changed_.notify_one();
}

void HighWaterMarkWriter::Close() {
  {
    std::lock_guard lock(mutex_);
    closing_ = true;
  }
  changed_.notify_one();
  if (thread_.joinable()) thread_.join();
}

void HighWaterMarkWriter::Run() {
  pthread_setname_np(pthread_self(), "log-mark");
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [&] { return is_raised_ || closing_; });
    if (!is_raised_) return;
    changed_.wait_for(lock, kGather, [&] { return closing_; });
    const HighWaterMark mark = mark_;
    is_raised_ = false;
    lock.unlock();
    const absl::Status status = file_->Write(mark);
    if (!status.ok()) {
      on_failure_(status);
      return;
    }
    lock.lock();
  }
}

}  // namespace recount::eventstore
