#include "tools/restore_command.h"

#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <filesystem>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "absl/time/time.h"
#include "eventstore/backup_folder.h"
#include "eventstore/durable_file.h"
#include "eventstore/key_backup.h"
#include "eventstore/restore.h"
#include "eventstore/rocksdb_restore.h"
#include "services/data_folder.h"

namespace recount::tools {
namespace {

using eventstore::RestoredTenant;
using eventstore::RestoreOptions;

constexpr int kExitUsage = 2;
constexpr int kExitFailed = 1;

struct Flags {
  std::string from, data, keys, tenant, time;
  uint64_t position = 0;
  CLI::Option* position_option = nullptr;
};

void DescribeFlags(CLI::App* app, Flags* flags) {
  app->add_option("--from", flags->from, "folder of the backup")->required();
  app->add_option("--data", flags->data, "the new data folder, empty or missing")->required();
  app->add_option("--keys", flags->keys, "folder of the copy of the keys; without it personal data reads as erased");
  app->add_option("--tenant", flags->tenant, "cut this tenant alone; the others are restored whole");
  flags->position_option =
      app->add_option("--position", flags->position, "restore the tenant up to this position, a commit's end");
  app->add_option("--time", flags->time, "restore what was recorded by then, e.g. 2026-01-31T09:00:00Z");
  app->footer("Examples:\n  recountd restore --from /backup/recount --keys /vault/recount --data /var/lib/recount-restored\n"
              "  recountd restore --from /backup/recount --data /tmp/then --tenant acme --position 4711");
}

absl::StatusOr<RestoreOptions> OptionsFrom(const Flags& flags) {
  RestoreOptions options;
  options.backup = flags.from;
  options.directory = flags.data;
  options.tenant = flags.tenant;
  if (flags.position_option->count() > 0) options.position = flags.position;
  if (flags.time.empty()) return options;
  absl::Time time;
  std::string error;
  if (!absl::ParseTime(absl::RFC3339_full, flags.time, &time, &error)) {
    return absl::InvalidArgumentError(absl::StrCat("--time ", flags.time, ": is a time such as 2026-01-31T09:00:00Z"));
  }
  options.recorded_micros = absl::ToUnixMicros(time);
  return options;
}

absl::Status CheckIsEmpty(const std::string& folder) {
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) return absl::OkStatus();
  if (std::filesystem::is_directory(folder, error) && std::filesystem::is_empty(folder, error)) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(folder, " is not an empty folder; name one that is empty or missing"));
}

// 0 if none were asked for.
absl::StatusOr<uint64_t> RestoreKeys(const Flags& flags) {
  if (flags.keys.empty()) {
    if (absl::Status status = services::GiveKeysUp(flags.data); !status.ok()) return status;
    return 0;
  }
  uint64_t entries = 0;
  absl::Status status = eventstore::RestoreRocksdbKeyVault(
      flags.data + "/keys", [&](const eventstore::StoredKeyVisitor& take) {
        return eventstore::ReadKeyBackup(flags.keys, [&](absl::string_view name, absl::string_view value) {
          ++entries;
          return take(name, value);
        });
      });
  if (!status.ok()) return status;
  return entries;
}

void PrintRestored(const Flags& flags, const std::vector<RestoredTenant>& plan, uint64_t keys) {
  std::printf("restored into %s and verified:\n", flags.data.c_str());
  for (const RestoredTenant& tenant : plan) {
    const std::string name = tenant.id.empty() ? "the system log" : "tenants/" + tenant.id;
    if (tenant.head.position == 0) {
      std::printf("  %s: nothing, it is younger\n", name.c_str());
      continue;
    }
    const absl::string_view hash(reinterpret_cast<const char*>(tenant.head.hash.data()), 8);
    std::printf("  %s: position %s of %s, recorded %s, hash %s\n", name.c_str(), absl::StrCat(tenant.head.position).c_str(),
                absl::StrCat(tenant.backed_up_position).c_str(),
                absl::FormatTime("%Y-%m-%dT%H:%M:%E*SZ", absl::FromUnixMicros(tenant.head.recorded_micros), absl::UTCTimeZone())
                    .c_str(),
                absl::BytesToHexString(hash).c_str());
  }
  if (flags.keys.empty()) {
    std::printf("no keys: personal data reads as erased\n");
  } else {
    std::printf("%s keys and look-ups; the master key is in no backup: put it at %s/keys/master.key, or name it to recountd by "
                "--master-key\n",
                absl::StrCat(keys).c_str(), flags.data.c_str());
  }
}

absl::Status Restore(const Flags& flags) {
  auto options = OptionsFrom(flags);
  if (!options.ok()) return options.status();
  if (absl::Status empty = CheckIsEmpty(flags.data); !empty.ok()) return empty;
  auto plan = eventstore::PlanRestore(*options);
  if (!plan.ok()) return plan.status();
  if (!flags.keys.empty()) {
    if (auto keys = eventstore::ReadKeyManifest(flags.keys); !keys.ok()) return keys.status();
  }
  auto manifest = eventstore::ReadManifest(flags.from);
  if (!manifest.ok()) return manifest.status();
  if (absl::Status made = eventstore::MakeDirectory(flags.data); !made.ok()) return made;
  absl::Status status = services::PrepareDataFolder(flags.data, manifest->simulated_clock());
  if (status.ok()) status = services::BeginRestore(flags.data);
  if (!status.ok()) return status;
  const bool is_terminal = isatty(STDERR_FILENO) != 0;
  status = eventstore::RestoreLog(*options, *plan, [&](uint64_t events, uint64_t target) {
    if (is_terminal) std::fprintf(stderr, "\r%s of %s events", absl::StrCat(events).c_str(), absl::StrCat(target).c_str());
    return absl::OkStatus();
  });
  if (is_terminal) std::fprintf(stderr, "\r\033[K");
  if (!status.ok()) return status;
  auto keys = RestoreKeys(flags);
  if (!keys.ok()) return keys.status();
  if (status = services::EndRestore(flags.data); !status.ok()) return status;
  PrintRestored(flags, *plan, *keys);
  return absl::OkStatus();
}

}  // namespace

int RestoreMain(int argc, char** argv) {
  CLI::App app("A new data folder from a backup, whole or as it stood in the past.", "recountd restore");
  Flags flags;
  DescribeFlags(&app, &flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : kExitUsage;
  }
  umask(077);
  const absl::Status status = Restore(flags);
  if (status.ok()) return 0;
  std::fprintf(stderr, "recountd restore: %s\n", std::string(status.message()).c_str());
  return status.code() == absl::StatusCode::kInvalidArgument ? kExitUsage : kExitFailed;
}

}  // namespace recount::tools
