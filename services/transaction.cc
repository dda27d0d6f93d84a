#include "services/transaction.h"

#include <iterator>
#include <utility>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "eventstore/sealing.h"
#include "services/record_rights.h"

namespace recount::services {
namespace {

// Far above what one command's events take: an atomic group of commands that publish what was drafted before grows beyond
// the message that it came in.
constexpr size_t kMaxCommitBytes = 16 << 20;

absl::Status TooLarge() {
  return domain::Refuse(v1::FIELD_TOO_LONG,
                        absl::StrCat("the events of one commit have at most ", kMaxCommitBytes,
                                     " bytes: send the commands in several groups"),
                        "commands");
}

}  // namespace

Transaction::Transaction(const Archive& archive, StateCache* cache, Tenant* tenant, RecordIds* ids, int64_t now_micros)
    : archive_(archive),
      cache_(cache),
      tenant_(tenant),
      ids_(ids),
      now_micros_(now_micros),
      base_position_(archive.log->SequencedHead(tenant->number()).position),
      rules_(tenant->rules()) {}

domain::Context Transaction::ContextFor(const Caller& caller, const domain::Calendar* calendar) {
  actor_ = caller.actor;
  seen_ = caller.seen;
  domain::Context context;
  context.now_micros = now_micros_;
  context.actor = caller.actor;
  context.tenant = &tenant_->info();
  context.rules = rules_.get();
  context.calendar = calendar;
  context.records = this;
  context.normalizers = &tenant_->normalizers();
  context.new_id = [this] {
    std::string id = ids_->Next(now_micros_);
    minted_.insert(id);
    return id;
  };
  return context;
}

absl::StatusOr<std::string> Transaction::Resolve(absl::string_view collection, const v1::Ref& ref,
                                                 absl::string_view field) {
  if (ref.has_external()) {
    auto stream = FindKey(domain::ExternalKey(collection, ref.external()));
    if (!stream.ok()) return stream.status();
    const auto hidden = IsHidden(*stream);
    if (!hidden.ok()) return hidden.status();
    if (!stream->empty() && !*hidden) return *std::move(stream);
    return domain::Refuse(
        v1::RECORD_NOT_FOUND,
        absl::StrCat(field, ": none of ", collection, " has the external id `", ref.external().id(), "` of `",
                     ref.external().source(), "`"),
        field, {{"collection", collection}, {"source", ref.external().source()}, {"id", ref.external().id()}});
  }
  if (ref.name().empty())
    return domain::Refuse(v1::FIELD_REQUIRED, absl::StrCat(field, " must name a record of ", collection), field);
  if (domain::CollectionOf(ref.name()) != collection) {
    return domain::Refuse(v1::FIELD_INVALID,
                          absl::StrCat(field, " must name one of ", collection, ", not `", ref.name(), "`"), field);
  }
  auto state = Load(ref.name());
  if (!state.ok()) return state.status();
  const auto hidden = IsHidden(ref.name());
  if (!hidden.ok()) return hidden.status();
  if (domain::Exists(**state) && !*hidden) return ref.name();
  return domain::Refuse(v1::RECORD_NOT_FOUND, absl::StrCat(field, ": there is no ", ref.name()), field,
                        {{"name", ref.name()}});
}

absl::StatusOr<std::shared_ptr<const FoldedStream>> Transaction::Hold(absl::string_view stream) {
  const auto found = held_.find(stream);
  if (found != held_.end()) return found->second;
  auto loaded = LoadStream(archive_, *cache_, tenant_->number(), stream);
  if (loaded.ok()) held_.emplace(std::string(stream), *loaded);
  return loaded;
}

absl::StatusOr<const domain::State*> Transaction::Load(absl::string_view stream) {
  auto held = Hold(stream);
  if (!held.ok()) return held.status();
  return &(*held)->state;
}

absl::StatusOr<std::string> Transaction::FindKey(absl::string_view key) {
  const auto claimed = claimed_.find(key);
  if (claimed != claimed_.end()) return claimed->second;
  auto found = archive_.log->FindKey(tenant_->number(), key);
  if (!found.ok()) return found.status();
  return (*found).value_or("");
}

absl::StatusOr<uint64_t> Transaction::Revision(absl::string_view stream) {
  const auto known = revisions_.find(stream);
  if (known != revisions_.end()) return known->second;
  if (IsMinted(stream)) return 0;
  auto held = Hold(stream);
  if (!held.ok()) return held.status();
  return (*held)->revision;
}

bool Transaction::IsMinted(absl::string_view stream) const {
  const size_t slash = stream.rfind('/');
  return slash != absl::string_view::npos && minted_.contains(stream.substr(slash + 1));
}

absl::StatusOr<bool> Transaction::IsHidden(absl::string_view stream) {
  if (seen_ == nullptr || stream.empty() || IsMinted(stream)) return false;
  auto before = LoadStream(archive_, *cache_, tenant_->number(), stream);
  if (!before.ok()) return before.status();
  return !Sees(*seen_, (*before)->state);
}

absl::Status Transaction::CheckNotTakenByHidden(const v1::Command& command) {
  const google::protobuf::Message* message = seen_ == nullptr ? nullptr : domain::MessageIn(command);
  if (message == nullptr) return absl::OkStatus();
  const bool makes = message->GetDescriptor()->FindFieldByName("external_ids") != nullptr;
  for (const domain::Touch& touch : domain::Touches(command)) {
    // An organization that a conversion would find or make goes by its external ids, too.
    const bool finds = command.has_link_external_id() || (command.has_convert_lead() && touch.collection == "organizations");
    if (!(finds && touch.ref.has_external() && !touch.is_own) && !(makes && touch.is_own)) continue;
    auto name = touch.ref.has_external() ? FindKey(domain::ExternalKey(touch.collection, touch.ref.external()))
                                         : absl::StatusOr<std::string>(touch.ref.name());
    if (!name.ok()) return name.status();
    const auto hidden = IsHidden(*name);
    if (!hidden.ok()) return hidden.status();
    if (!*hidden) continue;
    const v1::ExternalId& id = touch.ref.external();
    const std::string what =
        touch.ref.has_external() ? absl::StrCat("the external id `", id.id(), "` of `", id.source(), "`") : touch.ref.name();
    return domain::Refuse(v1::RIGHTS_EXCEEDED, absl::StrCat(what, " is taken, by a record of another owner than you may see"));
  }
  return absl::OkStatus();
}

absl::Status Transaction::CheckMayWrite(absl::string_view stream) {
  // An org chart says who sees what.
  if (seen_ != nullptr && domain::CollectionOf(stream) == "rules") {
    return domain::Refuse(v1::RIGHTS_EXCEEDED, "rules hold for everybody's records, of which you may see some only", "",
                          {{"name", stream}});
  }
  const auto hidden = IsHidden(stream);
  if (!hidden.ok() || !*hidden) return hidden.status();
  return domain::Refuse(v1::RIGHTS_EXCEEDED, absl::StrCat(stream, " is there, of another owner than you may see"), "", {{"name", stream}});
}

absl::Status Transaction::Add(domain::Decision decision, bool visible) {
  for (const domain::NewEvent& event : decision.events) {
    if (absl::Status allowed = CheckMayWrite(event.stream); !allowed.ok()) return allowed;
  }
  for (domain::NewEvent& event : decision.events) {
    if (absl::Status status = AddEvent(std::move(event), visible); !status.ok()) return status;
  }
  for (storage::v1::KeyClaim& claim : decision.claims) {
    if (visible) claimed_[claim.key()] = claim.release() ? "" : claim.stream();
    *record_.add_claims() = std::move(claim);
  }
  std::move(decision.lookups.begin(), decision.lookups.end(), std::back_inserter(lookups_));
  return absl::OkStatus();
}

absl::Status Transaction::AddEvent(domain::NewEvent event, bool visible) {
  const size_t bytes = event.payload.ByteSizeLong();
  event_bytes_ += bytes;
  if (event_bytes_ > kMaxCommitBytes) return TooLarge();
  auto revision = Revision(event.stream);
  if (!revision.ok()) return revision.status();
  base_revisions_.emplace(event.stream, *revision);
  revisions_[event.stream] = *revision + 1;
  storage::v1::StoredEvent* stored = record_.add_events();
  stored->set_stream(event.stream);
  stored->set_type(domain::TypeOf(event.payload));
  stored->set_occurred_micros(event.occurred_micros);
  stored->set_precision(event.precision);
  stored->set_schema_version(1);
  added_.push_back({std::move(event.stream), *revision + 1, bytes, std::move(event.payload), std::move(event.data_subject)});
  if (!visible) return absl::OkStatus();
  const int index = static_cast<int>(added_.size()) - 1;
  const Added& added = added_.back();
  if (added.payload.has_rule()) AddRule(added.payload.rule());
  auto changed = std::make_shared<FoldedStream>();
  if (const auto held = held_.find(added.stream); held != held_.end()) *changed = *held->second;
  domain::Evolve(added.payload, MetaOfAdded(index), &changed->state);
  changed->revision = added.revision;
  held_[added.stream] = std::move(changed);
  return absl::OkStatus();
}

absl::Status Transaction::SealAll() {
  for (size_t i = 0; i < added_.size(); ++i) {
    absl::Status sealed = SealEvent(added_[i], record_.mutable_events(static_cast<int>(i)));
    if (!sealed.ok()) return sealed;
  }
  for (const domain::LookupEntry& entry : lookups_) {
    absl::Status entered = archive_.vault->AddLookup(tenant_->number(), entry.kind, entry.value, entry.stream);
    if (!entered.ok()) return entered;
  }
  return absl::OkStatus();
}

absl::Status Transaction::SealEvent(Added& added, storage::v1::StoredEvent* stored) {
  google::protobuf::Message* message = domain::MutableEvent(stored->type(), &added.payload);
  if (!eventstore::HasPersonalFields(*message)) {
    message->SerializeToString(stored->mutable_payload());
    return absl::OkStatus();
  }
  const bool is_first = has_key_.insert(added.data_subject).second;
  const auto has_key =
      is_first && minted_.contains(added.data_subject) ? eventstore::HasKey::kNo : eventstore::HasKey::kMaybe;
  return eventstore::SealInto(*archive_.vault, tenant_->number(), added.data_subject, has_key, message, stored);
}

domain::EventMeta Transaction::MetaOfAdded(int index) const {
  const storage::v1::StoredEvent& stored = record_.events(index);
  domain::EventMeta meta;
  meta.stream = added_[index].stream;
  meta.position = base_position_ + 1 + index;
  meta.revision = added_[index].revision;
  meta.occurred_micros = stored.occurred_micros();
  meta.precision = static_cast<v1::Precision>(stored.precision());
  meta.recorded_micros = now_micros_;
  meta.actor = actor_;
  return meta;
}

void Transaction::AddRule(const v1::RuleEvent& event) {
  auto changed = std::make_shared<domain::Rulebook>(*rules_);
  changed->ApplyRaw(base_position_ + added_.size(), now_micros_, actor_, event);
  rules_ = std::move(changed);
}

void Transaction::BringCacheTo(Added& added, const domain::EventMeta& meta) {
  if (meta.revision == 1) {
    auto first = std::make_unique<FirstEvent>();
    first->payload = std::move(added.payload);
    first->meta = meta;
    first->actor = actor_;
    first->bytes = added.bytes;
    cache_->Begin(tenant_->number(), added.stream, std::move(first));
    return;
  }
  cache_->Change(tenant_->number(), added.stream, meta.revision - 1, meta.position, [&](FoldedStream& folded) {
    domain::Evolve(added.payload, meta, &folded.state);
    folded.revision = meta.revision;
    folded.position = meta.position;
    folded.event_bytes += added.bytes;
  });
}

CommitRevisions Transaction::Revisions() const {
  CommitRevisions revisions;
  for (const Added& added : added_) revisions.Add(added.stream, added.revision);
  return revisions;
}

absl::StatusOr<eventstore::Sequenced> Transaction::Commit() {
  if (absl::Status open = archive_.log->CheckOpen(); !open.ok()) return open;
  if (absl::Status sealed = SealAll(); !sealed.ok()) return sealed;
  held_.clear();  // the cache changes in place what nobody else holds
  record_.set_format(1);
  record_.set_recorded_micros(now_micros_);
  eventstore::Proposal proposal;
  proposal.tenant = tenant_->number();
  for (auto& [stream, revision] : base_revisions_) {
    proposal.expectations.push_back({stream, revision, IsMinted(stream)});
  }
  std::vector<domain::EventMeta> metas;
  for (size_t i = 0; i < added_.size(); ++i) metas.push_back(MetaOfAdded(static_cast<int>(i)));
  proposal.record = std::move(record_);
  static const std::function<void(absl::Status)> kNobodyWaits = [](absl::Status) {};
  auto sequenced = archive_.log->Sequence(std::move(proposal), kNobodyWaits);
  if (!sequenced.ok()) return sequenced;
  const bool rules_added = rules_ != tenant_->rules();
  for (size_t i = 0; i < added_.size(); ++i) {
    Added& added = added_[i];
    if (added.payload.has_rule() && !rules_added) {
      auto changed = std::make_shared<domain::Rulebook>(*rules_);
      changed->ApplyRaw(metas[i].position, now_micros_, actor_, added.payload.rule());
      rules_ = std::move(changed);
    }
    BringCacheTo(added, metas[i]);
  }
  if (rules_ != tenant_->rules()) tenant_->SetRules(rules_);
  tenant_->SetApplied(sequenced->last_position);
  return sequenced;
}

}  // namespace recount::services
