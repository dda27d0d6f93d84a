// Damages a reference folder in one place after another, and looks what the stores make of it.
#ifndef RECOUNT_TESTS_DISK_DAMAGE_SWEEP_H_
#define RECOUNT_TESTS_DISK_DAMAGE_SWEEP_H_

#include <functional>
#include <map>
#include <string>
#include <vector>

#include "tests/disk/store_history.h"

namespace recount::disk {

// A folder with what it must hold.
struct ReferenceFolder {
  std::string path;
  std::string saved;                // StoreHistory::Save()
  StoreHistory::Counts at_least{};  // commits that must be found, or else something must be said
};

// Log and keys with tables, packs, index and WALs, from a fixed seed, below `top`.
ReferenceFolder MakeClosedFolder(const std::string& top);
// The log as a kill left it, half of its WAL beyond the mark. (The vault is closed.)
ReferenceFolder MakeKilledFolder(const std::string& top);

struct Damage {
  enum class Kind { kFlip, kCut };
  std::string file;  // below the folder
  Kind kind = Kind::kFlip;
  size_t at = 0;     // of the flipped byte; length after the cut
};

// In the order of their badness.
enum class Outcome {
  kHarmless,   // everything is there
  kTailIsCut,  // what lay beyond the mark is not, or not all of it
  kRefused,    // not opened, with file and remedy
  kReported,   // opened, and a read or Verify() said it
  kEnded,      // an assertion of RocksDB ended the process
  kUnclear,    // said, but without the file or what to do
  kWrong,      // silent loss or another answer
  kHung,
};
const char* NameOf(Outcome outcome);
constexpr Outcome kWorstAllowed = Outcome::kEnded;

// What the stores make of a copy of a folder, with what they say. For a child process.
using Trial = std::function<Outcome(const std::string& copy, std::string* message)>;
Outcome OpenAndCheck(const ReferenceFolder& folder, const std::string& copy, std::string* message);

// Sizes of the files below `folder` whose names match.
std::map<std::string, size_t> FilesOf(const std::string& folder, const std::function<bool(const std::string&)>& which);
// A flip of every `step`-th byte and a cut at every `step`-th length.
std::vector<Damage> DamageEvery(const std::string& file, size_t size, size_t step);

struct SweepResult {
  std::string counts;            // one line
  std::vector<std::string> bad;  // what is worse than kWorstAllowed
};
// All damages of one file, each in a copy of its own.
SweepResult TryAll(const std::string& folder, const std::vector<Damage>& damages, const Trial& trial);

}  // namespace recount::disk

#endif  // RECOUNT_TESTS_DISK_DAMAGE_SWEEP_H_
