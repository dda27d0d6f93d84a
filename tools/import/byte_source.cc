#include "tools/import/byte_source.h"

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"

namespace recount::tools {
namespace {

class GzipFile : public ByteSource {
 public:
  GzipFile(gzFile file, std::string path) : file_(file), path_(std::move(path)) {}
  ~GzipFile() override { gzclose(file_); }

  absl::StatusOr<size_t> Read(char* out, size_t size) override {
    const int got = gzread(file_, out, static_cast<unsigned>(size));
    if (got >= 0) {
      // A compressed file that was cut short ends without an error of gzread; only gzeof with Z_BUF_ERROR tells.
      int code = Z_OK;
      gzerror(file_, &code);
      if (got == 0 && code == Z_BUF_ERROR) {
        return absl::DataLossError(absl::StrCat(path_, ": the compressed file ends too early"));
      }
      return static_cast<size_t>(got);
    }
    int code = Z_OK;
    return absl::DataLossError(absl::StrCat(path_, ": cannot be read: ", gzerror(file_, &code)));
  }

 private:
  gzFile file_;
  std::string path_;
};

class Text : public ByteSource {
 public:
  Text(std::string text, size_t chunk) : text_(std::move(text)), chunk_(chunk) {}

  absl::StatusOr<size_t> Read(char* out, size_t size) override {
    const size_t n = std::min({size, chunk_, text_.size() - at_});
    std::memcpy(out, text_.data() + at_, n);
    at_ += n;
    return n;
  }

 private:
  std::string text_;
  size_t chunk_;
  size_t at_ = 0;
};

}  // namespace

absl::StatusOr<std::unique_ptr<ByteSource>> OpenFile(const std::string& path) {
  std::string real = path;
  std::error_code error;
  if (!std::filesystem::exists(real, error) && std::filesystem::exists(real + ".gz", error)) real += ".gz";
  if (std::filesystem::is_directory(real, error)) {
    return absl::InvalidArgumentError(absl::StrCat(real, " is a folder, not a file"));
  }
  gzFile file = gzopen(real.c_str(), "rb");
  if (file == nullptr) return absl::NotFoundError(absl::StrCat(real, ": ", std::strerror(errno)));
  gzbuffer(file, 1 << 17);
  return std::make_unique<GzipFile>(file, real);
}

std::unique_ptr<ByteSource> TextSource(std::string text, size_t chunk) {
  return std::make_unique<Text>(std::move(text), chunk);
}

absl::StatusOr<std::string> ReadWholeFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return absl::NotFoundError(absl::StrCat(path, ": ", std::strerror(errno)));
  std::ostringstream text;
  text << in.rdbuf();
  if (in.bad()) return absl::DataLossError(absl::StrCat(path, ": cannot be read"));
  return text.str();
}

}  // namespace recount::tools
