// What fuzz targets share. A target beside the code that it fuzzes, `log_pack_fuzz.cc` beside log_pack.cc, takes any bytes
// and states by MUST what holds for each of them; docs/testing.md says how to run and to add one.
#ifndef RECOUNT_TESTS_FUZZ_FUZZING_H_
#define RECOUNT_TESTS_FUZZ_FUZZING_H_

#include <fuzzer/FuzzedDataProvider.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "absl/strings/string_view.h"
#include "google/protobuf/stubs/logging.h"

// Ends the run with the claim that does not hold; libFuzzer then writes the input to a file.
#define MUST(claim)                                                               \
  do {                                                                            \
    if (!(claim)) {                                                               \
      std::fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__, __LINE__, #claim); \
      std::abort();                                                               \
    }                                                                             \
  } while (false)

namespace recount::fuzz {

// Bytes that are no message are nothing to tell of here.
inline auto* const kFormerLogHandler = google::protobuf::SetLogHandler(nullptr);

inline absl::string_view View(const uint8_t* data, size_t size) { return {reinterpret_cast<const char*>(data), size}; }

// `bytes` with one bit turned over; they must not be empty.
inline std::string WithOneBitTurned(std::string bytes, FuzzedDataProvider& choices) {
  const size_t bit = choices.ConsumeIntegralInRange<size_t>(0, 8 * bytes.size() - 1);
  bytes[bit / 8] = static_cast<char>(bytes[bit / 8] ^ (1 << bit % 8));
  return bytes;
}

// A folder of the run, for decoders that read files. It is made at the first use and removed when the process ends.
class ScratchFolder {
 public:
  static const std::string& Path() {
    static const ScratchFolder folder;
    return folder.path_;
  }
  // Writes a file there and gives its path. Only the owner may read it.
  static std::string Put(const std::string& name, absl::string_view content) {
    const std::string path = Path() + "/" + name;
    std::error_code error;
    std::filesystem::create_directories(std::filesystem::path(path).parent_path(), error);
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file.write(content.data(), static_cast<std::streamsize>(content.size()));
    file.close();
    MUST(file.good());
    std::filesystem::permissions(path, std::filesystem::perms::owner_read | std::filesystem::perms::owner_write, error);
    return path;
  }

 private:
  ScratchFolder() : path_((std::filesystem::temp_directory_path() / "recount_fuzz_XXXXXX").string()) {
    MUST(mkdtemp(path_.data()) != nullptr);
  }
  ~ScratchFolder() {
    std::error_code error;
    std::filesystem::remove_all(path_, error);
  }

  std::string path_;
};

}  // namespace recount::fuzz

#endif  // RECOUNT_TESTS_FUZZ_FUZZING_H_
