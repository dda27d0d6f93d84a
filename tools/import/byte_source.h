// Bytes of a file, plain or compressed by gzip.
#ifndef RECOUNT_TOOLS_IMPORT_BYTE_SOURCE_H_
#define RECOUNT_TOOLS_IMPORT_BYTE_SOURCE_H_

#include <memory>
#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace recount::tools {

class ByteSource {
 public:
  virtual ~ByteSource() = default;
  // Up to `size` bytes into `out`; 0 at the end.
  virtual absl::StatusOr<size_t> Read(char* out, size_t size) = 0;
};

// A file; if its content is gzip it is decompressed, whatever its name. If `path` is not there but `path`.gz is, that one.
absl::StatusOr<std::unique_ptr<ByteSource>> OpenFile(const std::string& path);

// Text in memory; gives `chunk` bytes at a time, so that tests can cut anywhere.
std::unique_ptr<ByteSource> TextSource(std::string text, size_t chunk = 1 << 16);

// A whole small file.
absl::StatusOr<std::string> ReadWholeFile(const std::string& path);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_IMPORT_BYTE_SOURCE_H_
