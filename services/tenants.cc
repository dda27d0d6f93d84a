#include "services/tenants.h"

#include <algorithm>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/str_cat.h"
#include "domain/calendar.h"
#include "domain/money.h"
#include "domain/refusal.h"
#include "services/normalizers.h"

namespace recount::services {
namespace {

absl::Status CheckId(absl::string_view id) {
  bool valid = !id.empty() && id.size() <= 63 && absl::ascii_islower(id[0]);
  for (char c : id) valid = valid && (absl::ascii_islower(c) || absl::ascii_isdigit(c) || c == '-');
  if (valid) return absl::OkStatus();
  return domain::Refuse(v1::FIELD_INVALID, "a tenant id has 1 to 63 of a-z, 0-9 and -, beginning with a letter",
                        "tenant_id");
}

absl::Status CheckSettings(const v1::CreateTenantRequest& request) {
  if (absl::Status id = CheckId(request.tenant_id()); !id.ok()) return id;
  if (request.zone().empty())
    return domain::Refuse(v1::FIELD_REQUIRED, "give the time zone, e.g. Europe/Berlin", "zone");
  v1::CalendarRule rule;
  rule.set_zone(request.zone());
  if (auto calendar = domain::Calendar::Make(rule); !calendar.ok()) return calendar.status();
  if (!domain::MinorDigits(request.currency()).has_value()) {
    return domain::Refuse(v1::UNKNOWN_CURRENCY,
                          absl::StrCat("`", request.currency(), "` is no currency of ISO 4217; give one such as EUR"),
                          "currency");
  }
  const std::string& region = request.region();
  if (!region.empty() && !IsRegion(region)) {
    return domain::Refuse(v1::FIELD_INVALID,
                          absl::StrCat("`", region, "` is no country of ISO 3166-1; give two capital letters such as DE"),
                          "region");
  }
  return absl::OkStatus();
}

bool SameSettings(const v1::Tenant& a, const v1::Tenant& b) {
  return a.display_name() == b.display_name() && a.zone() == b.zone() && a.currency() == b.currency() &&
         a.region() == b.region();
}

absl::Status ExistsOtherwise(absl::string_view id) {
  return domain::Refuse(v1::TENANT_EXISTS, absl::StrCat("the tenant `", id, "` is there with other settings"), "tenant_id");
}

storage::v1::CommitRecord OneEvent(std::string stream, uint32_t type, const google::protobuf::Message& message,
                                   int64_t now, absl::string_view actor, bool authenticated) {
  storage::v1::CommitRecord record;
  record.set_format(1);
  record.set_recorded_micros(now);
  record.set_actor(std::string(actor));
  record.set_actor_authenticated(authenticated);
  record.set_channel(v1::CHANNEL_API);
  record.set_answer_name(stream);
  storage::v1::StoredEvent* event = record.add_events();
  event->set_stream(std::move(stream));
  event->set_type(type);
  event->set_occurred_micros(now);
  event->set_precision(v1::PRECISION_INSTANT);
  event->set_schema_version(1);
  event->set_payload(message.SerializeAsString());
  return record;
}

}  // namespace

Tenant::Tenant(v1::Tenant info, std::unique_ptr<projections::ReadModels> models)
    : info_(std::move(info)),
      models_(std::move(models)),
      normalizers_(MakeNormalizers(info_.region())),
      rules_(std::make_shared<domain::Rulebook>()) {}

std::shared_ptr<const domain::Rulebook> Tenant::rules() const {
  std::lock_guard lock(mutex_);
  return rules_;
}

void Tenant::SetRules(std::shared_ptr<const domain::Rulebook> rules) {
  std::lock_guard lock(mutex_);
  rules_ = std::move(rules);
}

void Tenant::SetApplied(uint64_t position) {
  applied_ = position;
  applied_.notify_all();
}

void Tenant::AwaitApplied(uint64_t position) const {
  for (uint64_t applied = applied_; applied < position; applied = applied_) applied_.wait(applied);
}

Tenants::Tenants(Archive archive, Clock* clock, TenantsOptions options)
    : archive_(archive), clock_(clock), options_(std::move(options)) {}

absl::Status Tenants::Open() {
  std::vector<v1::Tenant> found;
  absl::Status read = archive_.log->ReadCommits(
      kSystemLog, 0, eventstore::Direction::kForward, [&](const eventstore::StoredCommit& commit) {
        for (const storage::v1::StoredEvent& event : commit.record.events()) {
          v1::EventPayload payload;
          google::protobuf::Message* message = domain::MutableEvent(event.type(), &payload);
          if (message == nullptr || !message->ParseFromString(event.payload())) continue;
          if (payload.tenant().has_created()) found.push_back(payload.tenant().created().tenant());
        }
        return true;
      });
  if (!read.ok()) return read;
  for (v1::Tenant& info : found) {
    newest_number_ = std::max(newest_number_, info.number());
    if (auto tenant = Finish(std::move(info), "recountd", true); !tenant.ok()) return tenant.status();
  }
  return absl::OkStatus();
}

absl::StatusOr<Tenant*> Tenants::Find(absl::string_view id) const {
  std::shared_lock lock(mutex_);
  const auto found = by_id_.find(id);
  if (found != by_id_.end()) return found->second.get();
  if (id.empty())
    return domain::Refuse(v1::TENANT_NOT_FOUND, "no tenant was named: send the metadata `recount-tenant`");
  return domain::Refuse(v1::TENANT_NOT_FOUND, absl::StrCat("there is no tenant `", id, "` on this server"), "",
                        {{"tenant", id}});
}

std::vector<Tenant*> Tenants::All() const {
  std::shared_lock lock(mutex_);
  std::vector<Tenant*> result;
  for (const auto& [id, tenant] : by_id_) result.push_back(tenant.get());
  return result;
}

absl::StatusOr<Tenant*> Tenants::Create(const v1::CreateTenantRequest& request, absl::string_view actor,
                                        bool authenticated) {
  if (absl::Status valid = CheckSettings(request); !valid.ok()) return valid;
  v1::Tenant info;
  info.set_name(absl::StrCat("tenants/", request.tenant_id()));
  info.set_display_name(request.display_name().empty() ? request.tenant_id() : request.display_name());
  info.set_zone(request.zone());
  info.set_currency(request.currency());
  info.set_region(request.region());
  info.set_synthetic(clock_->simulated());
  if (auto existing = Find(request.tenant_id()); existing.ok()) {
    if (SameSettings((*existing)->info(), info)) return *existing;
    return ExistsOtherwise(request.tenant_id());
  }
  const auto unfinished = unfinished_.find(request.tenant_id());
  if (unfinished != unfinished_.end()) {
    if (!SameSettings(unfinished->second, info)) return ExistsOtherwise(request.tenant_id());
    info = unfinished->second;
  } else if (absl::Status made = SequenceTenant(&info, actor, authenticated); !made.ok()) {
    return made;
  }
  return Finish(std::move(info), actor, authenticated);
}

absl::Status Tenants::SequenceTenant(v1::Tenant* info, absl::string_view actor, bool authenticated) {
  info->set_number(newest_number_ + 1);
  v1::EventPayload payload;
  *payload.mutable_tenant()->mutable_created()->mutable_tenant() = *info;
  eventstore::Proposal proposal;
  proposal.tenant = kSystemLog;
  proposal.record = OneEvent(info->name(), domain::TypeOf(payload), payload.tenant().created(), clock_->NowMicros(),
                             actor, authenticated);
  proposal.expectations.push_back({info->name(), 0});
  if (auto done = archive_.log->Sequence(std::move(proposal), [](absl::Status) {}); !done.ok()) return done.status();
  ++newest_number_;
  unfinished_.emplace(info->name().substr(8), *info);
  return absl::OkStatus();
}

absl::StatusOr<Tenant*> Tenants::Finish(v1::Tenant info, absl::string_view actor, bool authenticated) {
  const std::string id = info.name().substr(8);
  if (archive_.log->SequencedHead(info.number()).position == 0) {
    if (absl::Status status = SequenceCalendar(info, actor, authenticated); !status.ok()) return status;
  }
  auto tenant = Register(std::move(info));
  if (tenant.ok()) unfinished_.erase(id);
  return tenant;
}

absl::Status Tenants::SequenceCalendar(const v1::Tenant& tenant, absl::string_view actor, bool authenticated) {
  v1::EventPayload payload;
  v1::RuleVersionPublished* published = payload.mutable_rule()->mutable_published();
  published->mutable_rule()->mutable_content()->mutable_calendar()->set_zone(tenant.zone());
  published->set_comment("The zone that the tenant was made with.");
  eventstore::Proposal proposal;
  proposal.tenant = tenant.number();
  proposal.record = OneEvent(absl::StrCat("rules/", domain::KindName(v1::RULE_KIND_CALENDAR)), domain::TypeOf(payload),
                             *published, clock_->NowMicros(), actor, authenticated);
  return archive_.log->Sequence(std::move(proposal), [](absl::Status) {}).status();
}

absl::StatusOr<Tenant*> Tenants::Register(v1::Tenant info) {
  projections::ReadModelOptions options;
  options.tenant = info.number();
  options.follow_states = options_.follow_states;
  options.rebuild_states = options_.rebuild_states;
  if (!options_.models_folder.empty()) options.directory = absl::StrCat(options_.models_folder, "/", info.number());
  auto models = options_.open_models(options, archive_.log);
  if (!models.ok()) return models.status();
  if (options_.pause_projectors) (*models)->Pause(true);
  auto tenant = std::make_unique<Tenant>(std::move(info), *std::move(models));
  auto rules = LoadRules(archive_, tenant->number());
  if (!rules.ok()) return rules.status();
  if (rules->position() == 0) {
    // The calendar was sequenced a moment ago and is not durable yet.
    v1::RuleEvent event;
    event.mutable_published()->mutable_rule()->mutable_content()->mutable_calendar()->set_zone(tenant->info().zone());
    rules->ApplyRaw(1, archive_.log->SequencedHead(tenant->number()).recorded_micros, "", event);
  }
  tenant->SetRules(std::make_shared<domain::Rulebook>(*std::move(rules)));
  tenant->SetApplied(archive_.log->SequencedHead(tenant->number()).position);
  Tenant* const result = tenant.get();
  std::unique_lock lock(mutex_);
  by_id_.emplace(std::string(result->id()), std::move(tenant));
  return result;
}

absl::Status Tenants::Close() {
  absl::Status first;
  for (Tenant* tenant : All()) {
    absl::Status closed = tenant->models().Close();
    if (first.ok()) first = closed;
  }
  return first;
}

absl::StatusOr<domain::Rulebook> LoadRules(const Archive& archive, eventstore::TenantNumber tenant) {
  std::vector<std::string> streams;
  absl::Status listed = archive.log->ListStreams(tenant, "rules/", [&](absl::string_view name) {
    streams.emplace_back(name);
    return true;
  });
  if (!listed.ok()) return listed;
  struct Published {
    int64_t recorded_micros;
    std::string actor;
    v1::EventPayload payload;
  };
  std::map<uint64_t, Published> by_position;
  absl::Status opened;
  for (const std::string& stream : streams) {
    absl::Status read = archive.log->ReadStream(
        tenant, stream, 0, eventstore::Direction::kForward, [&](const eventstore::StreamEvent& event) {
          Published& published = by_position[event.position];
          published.recorded_micros = event.commit->recorded_micros();
          published.actor = event.commit->actor();
          bool erased = false;
          opened = OpenPayload(*archive.vault, tenant, *event.event, &published.payload, &erased);
          return opened.ok();
        });
    if (!read.ok()) return read;
    if (!opened.ok()) return opened;
  }
  domain::Rulebook rules;
  for (const auto& [position, published] : by_position) {
    rules.ApplyRaw(position, published.recorded_micros, published.actor, published.payload.rule());
  }
  return rules;
}

}  // namespace recount::services
