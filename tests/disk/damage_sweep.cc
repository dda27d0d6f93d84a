#include "tests/disk/damage_sweep.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <sstream>
#include <thread>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/disk/child_process.h"
#include "tests/disk/lossy_disk.h"

namespace recount::disk {
namespace {

namespace fs = std::filesystem;

constexpr uint64_t kSeed = 20261125;
constexpr unsigned kLimitSeconds = 60;
constexpr char kHeads[] = "\nheads ";

std::string ReadBytes(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void WriteBytes(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << bytes;
}

void AppendSome(StoreHistory* history, int commits) {
  for (int i = 0; i < commits; ++i) history->Append();
  history->Settle();
}

// Sessions that leave tables of the log, of packs and of the index behind, then one whose commits stay in the WAL.
void MakeOldSessions(StoreHistory* history, const std::string& path) {
  history->KeepSmall();
  for (int session = 0; session < 2; ++session) {
    history->Open(path);
    AppendSome(history, 25);
    (void)history->log()->FinishUpkeep();
    history->Close();
  }
  history->Open(path);
}

// Waits until the mark names the newest commit of tenant 1.
void WaitForMark(StoreHistory* history, const std::string& path) {
  const eventstore::ChainHash hash = history->log()->DurableHead(1).hash;
  const std::string bytes(hash.begin(), hash.end());
  while (!absl::StrContains(ReadBytes(path + "/data/HWM"), bytes)) std::this_thread::yield();
}

void AppendToTenant1(StoreHistory* history) {
  const auto before = history->log()->DurableHead(1).position;
  while (history->log()->DurableHead(1).position == before) AppendSome(history, 1);
}

std::string Counted(const StoreHistory& history) {
  std::string text;
  for (uint64_t count : history.acknowledged()) absl::StrAppend(&text, count, " ");
  return text;
}

// Both are made in a child, since this process must not use RocksDB.
ReferenceFolder MakeInChild(const std::string& path, const std::function<void(StoreHistory*, const Report&)>& make) {
  fs::create_directories(path);
  const ChildResult made = RunInChild([&](const Report& report) {
    StoreHistory history(kSeed);
    make(&history, report);
    if (!history.is_sound()) abort();
  }, kLimitSeconds);
  ReferenceFolder folder{path, "", {}};
  const size_t heads = made.text.rfind(kHeads);
  if (made.end != ChildResult::End::kReturned || heads == std::string::npos) return folder;
  folder.saved = made.text.substr(0, heads);
  std::istringstream counts(made.text.substr(heads + sizeof(kHeads) - 1));
  for (uint64_t& count : folder.at_least) counts >> count;
  return folder;
}

// It says where, and what to do.
bool IsClear(const std::string& message) {
  const auto says_one_of = [&](std::initializer_list<const char*> texts) {
    return std::any_of(texts.begin(), texts.end(), [&](const char* text) { return absl::StrContains(message, text); });
  };
  return says_one_of({"/data", "/keys", "log/", "index/", "the key vault"}) &&
         says_one_of({"a backup", "Put it back", "Put back", "newer version", "delete index/"});
}

// One line: the outcome's number and the message.
std::string Try(const std::string& folder, const Damage& damage, const Trial& trial, const std::string& copy) {
  fs::remove_all(copy);
  fs::copy(folder, copy, fs::copy_options::recursive);
  std::string bytes = ReadBytes(copy + "/" + damage.file);
  if (damage.kind == Damage::Kind::kCut) {
    bytes.resize(damage.at);
  } else {
    bytes[damage.at] = static_cast<char>(bytes[damage.at] ^ (1 << damage.at % 8));
  }
  WriteBytes(copy + "/" + damage.file, bytes);
  LossyDisk disk(copy, kSeed);  // syncs nothing, which is quick
  std::string message;
  const Outcome outcome = trial(copy, &message);
  for (char& c : message) c = c == '\n' ? ' ' : c;
  return absl::StrCat(static_cast<int>(outcome), " ", message, "\n");
}

}  // namespace

Outcome OpenAndCheck(const ReferenceFolder& folder, const std::string& copy, std::string* message) {
  StoreHistory history(kSeed);
  history.Load(folder.saved);
  history.ExpectAtLeast(folder.at_least);
  const uint64_t all = history.commits();
  history.Open(copy);
  const bool is_open = history.is_sound();
  if (is_open) history.Check();
  history.Close();
  *message = std::string(history.problem().message());
  if (history.is_sound()) return history.commits() == all ? Outcome::kHarmless : Outcome::kTailIsCut;
  if (absl::IsInternal(history.problem())) return Outcome::kWrong;
  if (!IsClear(*message)) return Outcome::kUnclear;
  return is_open ? Outcome::kReported : Outcome::kRefused;
}

ReferenceFolder MakeClosedFolder(const std::string& top) {
  const std::string path = top + "/closed";
  return MakeInChild(path, [&](StoreHistory* history, const Report& report) {
    MakeOldSessions(history, path);
    AppendSome(history, 8);
    history->Close();
    report(absl::StrCat(history->Save(), kHeads, Counted(*history)));
  });
}

ReferenceFolder MakeKilledFolder(const std::string& top) {
  const std::string path = top + "/killed";
  return MakeInChild(path, [&](StoreHistory* history, const Report& report) {
    const std::string running = top + "/running";
    fs::create_directories(running);
    MakeOldSessions(history, running);
    AppendSome(history, 5);
    history->CloseKeys();
    AppendToTenant1(history);
    WaitForMark(history, running);
    const std::string counted = Counted(*history);
    const std::string mark = ReadBytes(running + "/data/HWM");
    AppendSome(history, 5);
    fs::copy(running, path, fs::copy_options::recursive);
    WriteBytes(path + "/data/HWM", mark);
    history->Close();
    report(absl::StrCat(history->Save(), kHeads, counted));
  });
}

const char* NameOf(Outcome outcome) {
  switch (outcome) {
    case Outcome::kHarmless: return "harmless";
    case Outcome::kTailIsCut: return "cut beyond the mark";
    case Outcome::kRefused: return "refused";
    case Outcome::kReported: return "reported";
    case Outcome::kEnded: return "ended by RocksDB";
    case Outcome::kUnclear: return "unclear";
    case Outcome::kWrong: return "WRONG";
    case Outcome::kHung: return "HUNG";
  }
  return "";
}

std::map<std::string, size_t> FilesOf(const std::string& folder, const std::function<bool(const std::string&)>& which) {
  std::map<std::string, size_t> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    const std::string name = fs::relative(entry.path(), folder).string();
    if (entry.is_regular_file() && entry.file_size() > 0 && which(name)) files[name] = entry.file_size();
  }
  return files;
}

std::vector<Damage> DamageEvery(const std::string& file, size_t size, size_t step) {
  std::vector<Damage> damages;
  for (size_t at = 0; at < size; at += step) {
    damages.push_back({file, Damage::Kind::kFlip, at});
    damages.push_back({file, Damage::Kind::kCut, at});
  }
  return damages;
}

SweepResult TryAll(const std::string& folder, const std::vector<Damage>& damages, const Trial& trial) {
  const std::string copy = folder + ".damaged";
  std::map<Outcome, int> flips, cuts;
  SweepResult sweep;
  size_t next = 0;
  const auto count = [&](Outcome outcome, absl::string_view message) {
    const Damage& damage = damages[next++];
    const bool is_flip = damage.kind == Damage::Kind::kFlip;
    ++(is_flip ? flips : cuts)[outcome];
    if (outcome <= kWorstAllowed) return;
    sweep.bad.push_back(absl::StrCat(NameOf(outcome), ": ", damage.file, is_flip ? " flipped at " : " cut at ", damage.at, ": ",
                                     message));
  };
  while (next < damages.size()) {
    const ChildResult result = RunInChild([&](const Report& report) {
      for (size_t i = next; i < damages.size(); ++i) report(Try(folder, damages[i], trial, copy));
    }, kLimitSeconds);
    std::vector<std::string> lines = absl::StrSplit(result.text, '\n');
    lines.pop_back();  // after the last line's end
    for (const std::string& line : lines) count(static_cast<Outcome>(line[0] - '0'), absl::string_view(line).substr(2));
    if (next == damages.size()) break;
    count(result.end == ChildResult::End::kHung ? Outcome::kHung : Outcome::kEnded, "");
  }
  fs::remove_all(copy);
  sweep.counts = absl::StrCat(fs::path(folder).filename().string(), "/", damages[0].file, ": flips");
  for (const auto& [outcome, number] : flips) absl::StrAppend(&sweep.counts, ", ", number, " ", NameOf(outcome));
  absl::StrAppend(&sweep.counts, "; cuts");
  for (const auto& [outcome, number] : cuts) absl::StrAppend(&sweep.counts, ", ", number, " ", NameOf(outcome));
  return sweep;
}

}  // namespace recount::disk
