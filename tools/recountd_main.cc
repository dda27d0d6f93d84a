// recountd: the server. Flags in, one server, signals out. `recountd restore` fills a data folder from a backup instead.
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <new>
#include <sstream>
#include <string>

#include "absl/status/status.h"
#include "services/admin_methods.h"
#include "services/memory_shares.h"
#include "services/server.h"
#include "tools/loopback.h"
#include "tools/restore_command.h"

namespace {

using recount::services::Credentials;
using recount::services::Server;
using recount::services::ServerOptions;
using recount::tools::IsLoopback;

// docs/operating.md says what to do about each.
constexpr int kExitUsage = 2;
constexpr int kExitWriteFailed = 3;
constexpr int kExitCannotStart = 4;
constexpr int kExitAborted = 5;

struct Flags {
  std::string data, listen = "127.0.0.1:7420", tokens, tls_certificate, tls_key, master_key, backups;
  bool insecure = false, simulated_clock = false, models_in_memory = false, pause_projectors = false;
  size_t memory_mb = 0;
  uint64_t unpacked_events = 4096;
  size_t report_part_rows = 8192;
};

int Complain(int code, absl::string_view sentence) {
  std::fprintf(stderr, "recountd: %.*s\n", static_cast<int>(sentence.size()), sentence.data());
  return code;
}

bool ReadFile(const std::string& path, std::string* text) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream buffer;
  buffer << file.rdbuf();
  *text = buffer.str();
  return file.good() && !text->empty();
}

// A secret that others on this machine can read is none. The server starts all the same: who may read it may be meant to.
void WarnIfOthersRead(const char* option, const std::string& path) {
  struct stat found;
  if (path.empty() || stat(path.c_str(), &found) != 0 || !S_ISREG(found.st_mode)) return;
  const unsigned mode = found.st_mode & 07777;
  if ((mode & 077) == 0) return;
  char octal[8];
  std::snprintf(octal, sizeof(octal), "%04o", mode);
  Complain(0, "warning: " + std::string(option) + " " + path + " has mode " + octal +
                  ": other users of this machine may read or change what it holds; `chmod 600 " + path + "` keeps it to its owner");
}

// RocksDB's own checks, which fail when a disk does not stop failing, and a lack of memory end the process by abort(): to the
// data that is a kill, which every start is prepared for.
void ExplainAbort(int) {
  constexpr char kSentence[] =
      "recountd: a check inside the server failed or memory ran out (the lines above say which), so it ends; what was "
      "acknowledged is on the disk: see that disk and memory are well, then start recountd again\n";
  (void)!write(STDERR_FILENO, kSentence, sizeof(kSentence) - 1);
  _exit(kExitAborted);
}

// Before somebody catches the exception, as gRPC does, and answers as if the method did not exist.
void EndWithoutMemory() {
  constexpr char kSentence[] = "recountd: no memory is left\n";
  (void)!write(STDERR_FILENO, kSentence, sizeof(kSentence) - 1);
  std::abort();
}

// As many files as the system allows; no core files, which would hold personal data and keys.
void SetLimits() {
  const rlimit no_core{0, 0};
  setrlimit(RLIMIT_CORE, &no_core);
  rlimit limit;
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

void DescribeFlags(CLI::App* app, Flags* flags) {
  app->add_option("--data", flags->data, "folder of the log, keys and read models; made if missing")
      ->required()
      ->envname("RECOUNT_DATA");
  app->add_option("--listen", flags->listen, "address and port; port 0 takes a free one")->capture_default_str();
  app->add_option("--tokens", flags->tokens,
                  "file with lines `TOKEN TENANT ACTOR ROLE [RIGHTS]`; roles: viewer, auditor, user, operator; rights: docs/rights.md");
  app->add_flag("--insecure", flags->insecure,
                "believe callers who they are (metadata recount-tenant, recount-actor, recount-sees); loopback only");
  app->add_option("--tls-cert", flags->tls_certificate, "PEM file with the server's certificate chain");
  app->add_option("--tls-key", flags->tls_key, "PEM file with its private key");
  app->add_option("--master-key", flags->master_key,
                  "file with the key that wraps all others; default: keys/master.key in the data folder");
  app->add_option("--backups", flags->backups,
                  "folder within which `recount backup create` may write; not in the data folder; without it there are none");
  app->add_flag("--simulated-clock", flags->simulated_clock,
                "time is set by AdminService.SetClock; only for a new folder, which it marks for ever");
  app->add_flag("--models-memory", flags->models_in_memory,
                "keep read models in memory only and count them again at each start");
  app->add_flag("--pause-projectors", flags->pause_projectors,
                "read models stand still and reports wait in vain: for measuring the write side alone");
  app->add_option("--memory-mb", flags->memory_mb,
                  "resident memory to stay below; default: three quarters of what the machine or the control group has. Read models that "
                  "are larger lie in files (docs/operating.md)")
      ->check(CLI::Range(recount::services::kLeastMemory >> 20, size_t{1} << 30));
  app->add_option("--unpacked-events", flags->unpacked_events,
                  "newest events of each tenant that the log keeps one a value; older ones are packed in the background")
      ->capture_default_str();
  app->add_option("--report-part-rows", flags->report_part_rows,
                  "reports are counted in parts of so many rows, which should fit the processor's cache")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  app->set_version_flag("--version", recount::services::kVersion);
  app->footer("Example:\n  recountd --data /var/lib/recount --listen 127.0.0.1:7420 --insecure\n\n"
              "`recountd restore --help`: a new data folder from a backup.");
}

// The options that the flags mean; a sentence if they mean none.
std::string OptionsFrom(const Flags& flags, ServerOptions* options) {
  options->data_folder = flags.data;
  options->listen = flags.listen;
  options->master_key_file = flags.master_key;
  options->backups_folder = flags.backups;
  options->simulated_clock = flags.simulated_clock;
  options->models_in_memory = flags.models_in_memory;
  options->pause_projectors = flags.pause_projectors;
  options->memory_bytes = flags.memory_mb == 0 ? recount::services::UsualMemory() : flags.memory_mb << 20;
  options->unpacked_events = flags.unpacked_events;
  options->report_part_rows = flags.report_part_rows;
  if (flags.insecure == !flags.tokens.empty()) {
    return "give either --tokens FILE, or --insecure to believe callers on this machine";
  }
  if (flags.insecure && !IsLoopback(flags.listen)) {
    return "--insecure listens on a loopback address only, such as 127.0.0.1:7420; for " + flags.listen +
           " give --tokens, --tls-cert and --tls-key";
  }
  if (flags.tls_certificate.empty() != flags.tls_key.empty()) return "--tls-cert and --tls-key belong together";
  if (flags.tls_certificate.empty() && !IsLoopback(flags.listen)) {
    return "tokens must not travel in clear: give --tls-cert and --tls-key, or listen on 127.0.0.1 behind a proxy that "
           "ends TLS";
  }
  if (!flags.tls_certificate.empty() && !ReadFile(flags.tls_certificate, &options->tls_certificate)) {
    return flags.tls_certificate + " cannot be read";
  }
  if (!flags.tls_key.empty() && !ReadFile(flags.tls_key, &options->tls_key)) return flags.tls_key + " cannot be read";
  if (flags.insecure) return "";
  auto credentials = Credentials::FromFile(flags.tokens);
  if (!credentials.ok()) return std::string(credentials.status().message());
  options->credentials = *std::move(credentials);
  return "";
}

}  // namespace

int main(int argc, char** argv) {
  if (argc > 1 && std::string(argv[1]) == "restore") return recount::tools::RestoreMain(argc - 1, argv + 1);
  CLI::App app("Recount's server: an event-sourced CRM over gRPC.");
  Flags flags;
  DescribeFlags(&app, &flags);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error);
    return code == 0 ? 0 : kExitUsage;
  }
  ServerOptions options;
  if (const std::string wrong = OptionsFrom(flags, &options); !wrong.empty()) return Complain(kExitUsage, wrong);
  WarnIfOthersRead("--tokens", flags.tokens);
  WarnIfOthersRead("--tls-key", flags.tls_key);
  WarnIfOthersRead("--master-key", flags.master_key);
  options.on_write_failure = [](absl::Status status) {
    Complain(0, status.message());
    Complain(0,
             "the log could not be written, so nothing more is promised: find out why (disk full? damaged?), then "
             "start recountd again");
    _exit(kExitWriteFailed);
  };
  umask(077);
  SetLimits();
  // All threads leave the signals to this one.
  sigset_t signals;
  sigemptyset(&signals);
  sigaddset(&signals, SIGTERM);
  sigaddset(&signals, SIGINT);
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  signal(SIGPIPE, SIG_IGN);
  signal(SIGABRT, ExplainAbort);
  std::set_new_handler(EndWithoutMemory);
  auto server = Server::Start(std::move(options));
  if (!server.ok()) return Complain(kExitCannotStart, server.status().message());
  std::printf("listening on %s\n", (*server)->address().c_str());
  std::fflush(stdout);
  int received = 0;
  sigwait(&signals, &received);
  const absl::Status stopped = (*server)->Stop();
  if (!stopped.ok()) return Complain(kExitWriteFailed, stopped.message());
  return 0;
}
