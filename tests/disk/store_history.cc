#include "tests/disk/store_history.h"

#include <future>
#include <optional>
#include <sstream>
#include <utility>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"
#include "eventstore/commit_codec.h"
#include "eventstore/sealing.h"
#include "recount/v1/person.pb.h"

namespace recount::disk {
namespace {

using namespace eventstore;  // NOLINT: this is all about it

constexpr char kActor[] = "users/ann";
constexpr uint64_t kStreams = 9;
constexpr uint64_t kKeys = 12;

std::string FamilyNameOf(const std::string& person) { return absl::StrCat("Family of ", person); }
std::string PhoneOf(const std::string& stream) { return absl::StrCat("+972 ", stream); }

storage::v1::StoredEvent* AddEvent(const std::string& stream, Proposal* proposal) {
  storage::v1::StoredEvent* event = proposal->record.add_events();
  event->set_stream(stream);
  event->set_type(5 << 16 | 1);
  event->set_schema_version(1);
  return event;
}

}  // namespace

void StoreHistory::Fail(absl::Status problem) {
  if (problem_.ok()) problem_ = std::move(problem);
}

template <typename... Parts>
bool StoreHistory::Expect(bool holds, const Parts&... problem) {
  if (!holds) Fail(absl::InternalError(absl::StrCat(problem...)));
  return holds;
}

bool StoreHistory::ExpectOk(const absl::Status& status, const char* what) {
  if (!status.ok()) Fail(absl::Status(status.code(), absl::StrCat(what, ": ", status.message())));
  return status.ok();
}

void StoreHistory::Open(const std::string& folder) {
  folder_ = folder;
  auto vault = OpenRocksdbKeyVault({folder + "/keys", folder + "/keys/master.key"});
  if (!ExpectOk(vault.status(), "opening the keys")) return;
  vault_ = *std::move(vault);
  RocksdbLogOptions options;
  options.directory = folder + "/data";
  options.block_cache_bytes = 4 << 20;
  options.index_memory_bytes = 16 << 10;  // tails of a few commits
  options.free_space_reserve_bytes = 1;
  options.unpacked_events = 20;
  options.events_a_pack = 8;
  if (key_flush_ == KeyFlush::kBeforeLog) options.before_sync = [this] { return vault_ == nullptr ? absl::OkStatus() : vault_->Flush(); };
  auto log = OpenRocksdbEventLog(options);
  if (ExpectOk(log.status(), "opening the log")) log_ = *std::move(log);
}

void StoreHistory::Close() {
  log_.reset();
  vault_.reset();
}

std::string StoreHistory::Save() const {
  std::string saved = absl::StrCat(requests_, "\n");
  for (TenantNumber tenant = 1; tenant <= kTenants; ++tenant) {
    for (const Record& record : model_.Of(tenant)) {
      absl::StrAppend(&saved, tenant, " ", absl::BytesToHexString(record.SerializeAsString()), "\n");
    }
  }
  return saved;
}

void StoreHistory::Load(const std::string& saved) {
  std::istringstream lines(saved);
  lines >> requests_;
  TenantNumber tenant = 0;
  for (std::string hex; lines >> tenant >> hex;) {
    Record record;
    record.ParseFromString(absl::HexStringToBytes(hex));
    model_.Append(tenant, record);
  }
}

StoreHistory::Counts StoreHistory::acknowledged() const {
  Counts counts{};
  for (TenantNumber tenant = 1; tenant <= kTenants; ++tenant) counts[tenant] = acknowledged_[tenant];
  return counts;
}

void StoreHistory::ExpectAtLeast(const Counts& acknowledged) {
  at_least_ = acknowledged;
  for (TenantNumber tenant = 1; tenant <= kTenants; ++tenant) acknowledged_[tenant] = acknowledged[tenant];
}

uint64_t StoreHistory::commits() const {
  uint64_t commits = 0;
  for (TenantNumber tenant = 1; tenant <= kTenants; ++tenant) commits += model_.Of(tenant).size();
  return commits;
}

std::string StoreHistory::AnyStream() { return absl::StrCat("persons/", Below(kStreams)); }

void StoreHistory::Step() {
  const uint64_t kind = Below(100);
  if (kind < 80) {
    Append();
    if (Below(3) == 0) Settle();
  } else if (kind < 90) {
    Ask();
  } else if (kind < 93) {
    ExpectOk(log_->FinishUpkeep(), "packing");
  } else if (kind < 96) {
    Settle();
  } else if (kind < 98) {
    ExpectOk(vault_->Flush(), "writing the keys");
  } else {
    Settle();
    Close();
    Open(folder_);
  }
}

void StoreHistory::Settle() {
  std::promise<absl::Status> settled;
  log_->AfterPending(1, [&](absl::Status status) { settled.set_value(status); });
  ExpectOk(settled.get_future().get(), "waiting for what is pending");
}

void StoreHistory::Append() {
  const TenantNumber tenant = 1 + Below(kTenants);
  Proposal proposal;
  proposal.tenant = tenant;
  proposal.record.set_actor(kActor);
  proposal.record.set_recorded_micros(static_cast<int64_t>(1'000 + 10 * commits() + Below(100)));
  for (uint64_t i = 1 + Below(3); i > 0; --i) {
    AddEvent(AnyStream(), &proposal)->set_payload(std::string(Below(most_payload_bytes_ * (Below(20) == 0 ? 50 : 1)), 'p'));
  }
  if (vault_ != nullptr && Below(2)) AddPersonalEvent(tenant, &proposal);
  absl::StatusCode expected = AddRequestAndClaim(tenant, &proposal);
  const std::string checked = AnyStream();
  const bool is_wrong = Below(10) == 0;
  proposal.expectations.push_back({checked, model_.Revision(tenant, checked) + is_wrong});
  if (is_wrong) expected = absl::StatusCode::kAborted;
  const Record record = proposal.record;
  auto sequenced = log_->Sequence(std::move(proposal), [this, tenant](absl::Status status) {
    if (status.ok()) ++acknowledged_[tenant];
  });
  if (!Expect(sequenced.status().code() == expected, "a commit was answered with ", sequenced.status().ToString())) return;
  if (!sequenced.ok()) return;
  model_.Append(tenant, record);
  Expect(sequenced->last_position == model_.Position(tenant), "tenant ", tenant, " got position ", sequenced->last_position,
         ", not ", model_.Position(tenant));
}

// The family name is personal and says to whom it belongs, so that any key that opens it is seen to be the right one.
void StoreHistory::AddPersonalEvent(TenantNumber tenant, Proposal* proposal) {
  const bool is_new = persons_ == 0 || Below(3) != 0;
  const std::string subject = absl::StrCat("subjects/", tenant, "-", is_new ? ++persons_ : 1 + Below(persons_));
  v1::Person person;
  person.mutable_info()->set_name(subject);
  person.mutable_person_name()->set_family(FamilyNameOf(subject));
  storage::v1::StoredEvent* event = AddEvent(AnyStream(), proposal);
  ExpectOk(SealInto(*vault_, tenant, subject, HasKey::kMaybe, &person, event), "sealing");
  ExpectOk(vault_->AddLookup(tenant, "phone", PhoneOf(event->stream()), event->stream()), "adding a look-up");
}

absl::StatusCode StoreHistory::AddRequestAndClaim(TenantNumber tenant, Proposal* proposal) {
  const std::string stream = proposal->record.events(0).stream();
  if (Below(2)) {
    proposal->record.set_request_id(absl::StrCat("request", ++requests_));
    proposal->record.set_command_hash("hash");
    proposal->record.set_answer_name(stream);
  }
  if (Below(3) != 0) return absl::StatusCode::kOk;
  const std::string key = absl::StrCat("key", Below(kKeys));
  const auto holder = model_.Holder(tenant, key);
  const bool release = holder == stream && Below(2);
  storage::v1::KeyClaim* claim = proposal->record.add_claims();
  claim->set_key(key);
  claim->set_stream(stream);
  claim->set_release(release);
  return holder.has_value() && holder != stream ? absl::StatusCode::kAlreadyExists : absl::StatusCode::kOk;
}

void StoreHistory::Ask() {
  for (TenantNumber tenant = 1; tenant <= kTenants; ++tenant) {
    const std::string stream = AnyStream();
    const auto revision = log_->SequencedRevision(tenant, stream);
    if (!ExpectOk(revision.status(), "asking for a revision")) return;
    Expect(*revision == model_.Revision(tenant, stream), "tenant ", tenant, ": ", stream, " has revision ", *revision, ", not ",
           model_.Revision(tenant, stream));
  }
}

void StoreHistory::Check() {
  for (TenantNumber tenant = 1; tenant <= kTenants && is_sound(); ++tenant) {
    CheckCommits(tenant);
    if (is_sound()) CheckLookups(tenant);
    const auto findings = log_->Verify(tenant, nullptr);
    if (!ExpectOk(findings.status(), "verifying")) return;
    if (!findings->empty()) Fail(absl::DataLossError("verify: " + findings->front()));
  }
}

void StoreHistory::CheckCommits(TenantNumber tenant) {
  const auto& expected = model_.Of(tenant);
  size_t found = 0;
  ChainHash hash{};
  std::vector<storage::v1::StoredEvent> personal;
  absl::Status read = log_->ReadCommits(tenant, 0, Direction::kForward, [&](const StoredCommit& commit) {
    if (!Expect(found < expected.size(), "tenant ", tenant, ": more commits than were made")) return false;
    const Record& record = expected[found++];
    hash = NextHash(hash, commit.bytes);
    for (const auto& event : commit.record.events()) {
      if (event.sealed_size() > 0) personal.push_back(event);
    }
    return Expect(commit.bytes == record.SerializeAsString() && commit.hash == hash, "tenant ", tenant, ", position ",
                  record.first_position(), ": not the commit that was made");
  });
  ExpectOk(read, "reading");
  Expect(found >= at_least_[tenant], "tenant ", tenant, ": ", found, " commits out of ", at_least_[tenant],
         " that were acknowledged");
  for (const auto& event : personal) CheckPersonal(tenant, event);
  if (!is_sound()) return;
  model_.KeepFirst(tenant, found);
  acknowledged_[tenant] = at_least_[tenant] = found;
}

void StoreHistory::CheckPersonal(TenantNumber tenant, const storage::v1::StoredEvent& event) {
  bool erased = false;
  v1::Person person;
  ExpectOk(OpenInto(*vault_, tenant, event, &person, &erased), "opening personal data");
  Expect(!erased, "tenant ", tenant, ": the key of ", event.sealed(0).key_id(), " is gone");
  Expect(person.person_name().family() == FamilyNameOf(person.info().name()), "a key opens what is not its own");
  std::vector<std::string> streams;
  const absl::Status looked = vault_->VisitLookup(tenant, "phone", PhoneOf(event.stream()), [&](absl::string_view stream) {
    streams.emplace_back(stream);
    return true;
  });
  if (!ExpectOk(looked, "looking up a phone")) return;
  Expect(streams == std::vector<std::string>{event.stream()}, "tenant ", tenant, ": the phone of ", event.stream(), " is gone");
}

void StoreHistory::CheckLookups(TenantNumber tenant) {
  for (uint64_t i = 0; i < kStreams; ++i) {
    const std::string stream = absl::StrCat("persons/", i);
    std::vector<uint64_t> positions;
    ExpectOk(log_->ReadStream(tenant, stream, 0, Direction::kForward, [&](const StreamEvent& event) {
      positions.push_back(event.position);
      return true;
    }), "reading a stream");
    Expect(positions == model_.Positions(tenant, stream), "tenant ", tenant, ": ", stream, " reads otherwise than the log");
    const auto revision = log_->SequencedRevision(tenant, stream);
    ExpectOk(revision.status(), "asking for a revision");
    Expect(!revision.ok() || *revision == positions.size(), "tenant ", tenant, ": ", stream, " has another revision");
  }
  for (uint64_t i = 0; i < kKeys; ++i) {
    const auto holder = log_->FindKey(tenant, absl::StrCat("key", i));
    ExpectOk(holder.status(), "asking for a key");
    Expect(!holder.ok() || *holder == model_.Holder(tenant, absl::StrCat("key", i)), "tenant ", tenant, ": key", i,
           " has another holder");
  }
  for (uint64_t i = 1; i <= requests_; ++i) {
    const std::string id = absl::StrCat("request", i);
    const Record* expected = model_.Request(tenant, id);
    const auto request = log_->FindRequest(tenant, kActor, id);
    if (!ExpectOk(request.status(), "asking for a request")) return;
    Expect(request->has_value() == (expected != nullptr) &&
               (expected == nullptr || (*request)->first_position == expected->first_position()),
           "tenant ", tenant, ": ", id, " is remembered otherwise");
  }
}

}  // namespace recount::disk
