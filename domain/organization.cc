#include "domain/organization.h"

#include <set>

#include "absl/strings/str_cat.h"
#include "domain/contact.h"
#include "domain/details.h"
#include "domain/record.h"
#include "domain/refusal.h"

namespace recount::domain {
namespace {

using Kinds = google::protobuf::RepeatedField<int>;

constexpr size_t kMostLevels = 50;  // above one, as in an org chart

// ---- decide ----

// What creating and changing have in common.
template <typename Command>
absl::StatusOr<v1::OrganizationDetailsChanged> DetailsOf(const Command& command,
                                                         Deciding* deciding) {
  v1::OrganizationDetailsChanged details;
  if (command.has_address()) *details.mutable_address() = command.address();
  if (command.has_owner()) {
    RECOUNT_ASSIGN_OR_RETURN(*details.mutable_owner(),
                             deciding->Refer("users", command.owner(), "owner"));
  }
  *details.mutable_phones() = Normalized(command.phones(), deciding->context());
  *details.mutable_emails() = Normalized(command.emails(), deciding->context());
  return details;
}

v1::OrganizationEvent* AppendEvent(const v1::Organization& organization, Deciding* deciding) {
  return deciding->Append(organization.info().name(), organization.info().data_subject())
      ->mutable_organization();
}

void ChangeDetails(const v1::Organization& organization, v1::OrganizationDetailsChanged changed,
                   Deciding* deciding) {
  if (!KeepChanges(organization, &changed)) return;
  AddLookups(changed.phones(), changed.emails(), organization.info().name(), deciding->decision());
  changed.set_normaliser_version(NormalizerVersion(deciding->context()));
  *AppendEvent(organization, deciding)->mutable_details_changed() = std::move(changed);
}

absl::StatusOr<Kinds> SortedKinds(const Kinds& given) {
  const std::set<int> kinds(given.begin(), given.end());
  if (kinds.count(v1::PARTY_KIND_UNSPECIFIED) > 0)
    return Refuse(v1::FIELD_INVALID, "say which kind", "kinds");
  return Kinds(kinds.begin(), kinds.end());
}

bool SameKinds(const Kinds& a, const Kinds& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end());
}

void ChangeKinds(const v1::Organization& organization, const Kinds& kinds, Deciding* deciding) {
  if (SameKinds(organization.kinds(), kinds)) return;
  *AppendEvent(organization, deciding)->mutable_kinds_set()->mutable_kinds() = kinds;
}

// Walks up from a parent: it must not lie under the child, and the way up is short. `child` is empty for a new one.
absl::Status CheckParent(absl::string_view child, const std::string& parent, Deciding* deciding) {
  std::string at = parent;
  for (size_t levels = 1; !at.empty(); ++levels) {
    if (at == child) {
      return Refuse(v1::PARENT_CYCLE,
                    absl::StrCat(parent, " lies under ", child, " already, or is the same"),
                    "parent");
    }
    if (levels > kMostLevels) {
      return Refuse(v1::FIELD_INVALID,
                    absl::StrCat("at most ", kMostLevels, " organizations lie above one, and above ",
                                 parent, " are as many already"),
                    "parent");
    }
    RECOUNT_ASSIGN_OR_RETURN(const State* state, deciding->Load(at));
    const v1::Organization* organization = std::get_if<v1::Organization>(state);
    at = organization == nullptr ? "" : organization->parent();
  }
  return absl::OkStatus();
}

void ChangeParent(const v1::Organization& organization, const std::string& parent,
                  Deciding* deciding) {
  if (organization.parent() == parent) return;
  AppendEvent(organization, deciding)->mutable_parent_set()->set_parent(parent);
}

absl::Status Create(const v1::CreateOrganizationRequest& command, const Place& place,
                    v1::OrganizationDetailsChanged details, const std::string& parent,
                    const Kinds& kinds, Deciding* deciding) {
  if (command.display_name().empty())
    return Refuse(v1::NAME_REQUIRED, "an organization needs a name", "display_name");
  RECOUNT_RETURN_IF_ERROR(CheckParent("", parent, deciding));
  v1::OrganizationCreated event;
  RECOUNT_RETURN_IF_ERROR(FillCreation(command, place, deciding, &event));
  AddLookups(details.phones(), details.emails(), place.stream, deciding->decision());
  event.set_display_name(command.display_name());
  event.set_legal_id(command.legal_id());
  *event.mutable_kinds() = kinds;
  event.set_parent(parent);
  event.set_sector(command.sector());
  if (details.has_address()) event.mutable_address()->Swap(details.mutable_address());
  event.set_owner(details.owner());
  event.mutable_phones()->Swap(details.mutable_phones());
  event.mutable_emails()->Swap(details.mutable_emails());
  event.set_data_subject(deciding->context().new_id());
  event.set_normaliser_version(NormalizerVersion(deciding->context()));
  const std::string subject = event.data_subject();
  *deciding->Append(place.stream, subject)->mutable_organization()->mutable_created() =
      std::move(event);
  return absl::OkStatus();
}

absl::Status Update(const v1::CreateOrganizationRequest& command, const Place& place,
                    v1::OrganizationDetailsChanged details, const std::string& parent,
                    const Kinds& kinds, Deciding* deciding) {
  RECOUNT_RETURN_IF_ERROR(CheckParent(place.stream, parent, deciding));
  RECOUNT_ASSIGN_OR_RETURN(const State* state, deciding->Load(place.stream));
  const v1::Organization& organization = *std::get_if<v1::Organization>(state);
  if (!command.display_name().empty()) details.set_display_name(command.display_name());
  if (!command.legal_id().empty()) details.set_legal_id(command.legal_id());
  if (!command.sector().empty()) details.set_sector(command.sector());
  ChangeDetails(organization, std::move(details), deciding);
  if (!kinds.empty()) ChangeKinds(organization, kinds, deciding);
  if (!parent.empty()) ChangeParent(organization, parent, deciding);
  return AddToExisting(*state, command.external_ids(), command.tags(), command.fields(), deciding);
}

// ---- evolve ----

void Begin(const v1::OrganizationCreated& event, const EventMeta& meta,
           v1::Organization* organization) {
  BeginRecord(event, meta, organization->mutable_info());
  organization->set_display_name(event.display_name());
  organization->set_legal_id(event.legal_id());
  *organization->mutable_kinds() = event.kinds();
  organization->set_parent(event.parent());
  organization->set_sector(event.sector());
  if (event.has_address()) *organization->mutable_address() = event.address();
  organization->set_owner(event.owner());
  *organization->mutable_phones() = event.phones();
  *organization->mutable_emails() = event.emails();
}

}  // namespace

absl::Status Decide(const v1::CreateOrganizationRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(v1::OrganizationDetailsChanged details, DetailsOf(command, deciding));
  RECOUNT_ASSIGN_OR_RETURN(const std::string parent,
                           deciding->Refer("organizations", command.parent(), "parent"));
  RECOUNT_ASSIGN_OR_RETURN(const Kinds kinds, SortedKinds(command.kinds()));
  RECOUNT_ASSIGN_OR_RETURN(
      const Place place, deciding->PlaceFor("organizations", command.name(), command.external_ids(),
                                            command.allow_existing()));
  if (place.is_there) return Update(command, place, std::move(details), parent, kinds, deciding);
  return Create(command, place, std::move(details), parent, kinds, deciding);
}

absl::Status Decide(const v1::ChangeOrganizationDetailsRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(v1::OrganizationDetailsChanged details, DetailsOf(command, deciding));
  if (command.has_display_name()) {
    if (command.display_name().empty())
      return Refuse(v1::NAME_REQUIRED, "an organization needs a name", "display_name");
    details.set_display_name(command.display_name());
  }
  if (command.has_legal_id()) details.set_legal_id(command.legal_id());
  if (command.has_sector()) details.set_sector(command.sector());
  RECOUNT_ASSIGN_OR_RETURN(const v1::Organization* organization,
                           deciding->TargetAs<v1::Organization>(
                               "organizations", command.organization(), "organization"));
  ChangeDetails(*organization, std::move(details), deciding);
  return absl::OkStatus();
}

absl::Status Decide(const v1::SetOrganizationParentRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const std::string parent,
                           deciding->Refer("organizations", command.parent(), "parent"));
  RECOUNT_RETURN_IF_ERROR(
      deciding->Target("organizations", command.organization(), "organization").status());
  const std::string child = deciding->decision()->answer_name;
  RECOUNT_RETURN_IF_ERROR(CheckParent(child, parent, deciding));
  RECOUNT_ASSIGN_OR_RETURN(const State* state, deciding->Load(child));
  ChangeParent(*std::get_if<v1::Organization>(state), parent, deciding);
  return absl::OkStatus();
}

absl::Status Decide(const v1::SetPartyKindsRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const Kinds kinds, SortedKinds(command.kinds()));
  RECOUNT_ASSIGN_OR_RETURN(const v1::Organization* organization,
                           deciding->TargetAs<v1::Organization>(
                               "organizations", command.organization(), "organization"));
  ChangeKinds(*organization, kinds, deciding);
  return absl::OkStatus();
}

void EvolveOrganization(const v1::OrganizationEvent& event, const EventMeta& meta,
                        v1::Organization* organization) {
  switch (event.event_case()) {
    case v1::OrganizationEvent::kCreated:
      Begin(event.created(), meta, organization);
      break;
    case v1::OrganizationEvent::kDetailsChanged:
      ApplyDetails(event.details_changed(), organization);
      break;
    case v1::OrganizationEvent::kParentSet:
      organization->set_parent(event.parent_set().parent());
      break;
    case v1::OrganizationEvent::kKindsSet:
      *organization->mutable_kinds() = event.kinds_set().kinds();
      break;
    case v1::OrganizationEvent::kDeleted:
      EvolveRecord(event.deleted(), meta, organization->mutable_info());
      break;
    case v1::OrganizationEvent::kRestored:
      EvolveRecord(event.restored(), meta, organization->mutable_info());
      break;
    case v1::OrganizationEvent::kExternalIdLinked:
      EvolveRecord(event.external_id_linked(), organization->mutable_info());
      break;
    case v1::OrganizationEvent::kAnnotated:
      EvolveRecord(event.annotated(), organization->mutable_info());
      break;
    case v1::OrganizationEvent::EVENT_NOT_SET:
      break;
  }
}

}  // namespace recount::domain
