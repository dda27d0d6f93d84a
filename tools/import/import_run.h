// A whole import: rules, then the files of a mapping one after the other.
#ifndef RECOUNT_TOOLS_IMPORT_IMPORT_RUN_H_
#define RECOUNT_TOOLS_IMPORT_IMPORT_RUN_H_

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "tools/import/command_pump.h"
#include "tools/import/file_plan.h"
#include "tools/import/import_target.h"
#include "tools/import/mapping.h"
#include "tools/import/rejects.h"

namespace recount::tools {

struct ImportOptions {
  std::string data;           // the folder that holds the mapping's files, or the one file of a mapping with one; empty: the mapping's own folder
  bool upsert = false;
  bool dry_run = false;       // only makes the commands
  bool resume = false;
  size_t batch = 100;         // commands a message
  size_t in_flight = 64;      // messages
  std::string rejects;        // path; empty: none is written
  std::string state_folder;   // of --resume; empty: none is kept
  std::string destination;    // server and tenant, so that two are not mixed up in resuming
  // Called now and then.
  std::function<void(const std::string& kind, uint64_t rows, const PumpCounts& counts)> on_progress;
  // Dry run: called with the commands of the first rows of each file.
  std::function<void(uint64_t row, const api::Command& command)> on_sample;
  int sample_rows = 0;
};

struct FileSummary {
  std::string kind;
  std::string path;
  uint64_t rows = 0;
  uint64_t rows_unreadable = 0;
  uint64_t rows_skipped = 0;   // answered in an earlier run (--resume)
  PumpCounts counts;
  double seconds = 0;
};

struct ImportSummary {
  uint64_t rules_published = 0;
  std::vector<FileSummary> files;
  std::vector<Reject> first_rejects;  // at most 20
  uint64_t position = 0;              // newest position that an answer named

  uint64_t refused() const;           // rows and commands
};

// The mapping is checked against the headers of all files before anything is sent. `target` may be null in a dry run.
absl::StatusOr<ImportSummary> RunImport(const Mapping& mapping, const ImportOptions& options, ImportTarget* target);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_IMPORT_IMPORT_RUN_H_
