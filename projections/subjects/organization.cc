// Organizations: customers, partners, suppliers, competitors.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/ascii.h"
#include "absl/strings/strip.h"
#include "projections/subjects/record_fold.h"
#include "projections/subjects/registry.h"
#include "recount/v1/organization.pb.h"

namespace recount::projections {
namespace {

enum Column : int {
  kDisplayName = kOwnColumns,
  kLegalId,
  kSector,
  kCountry,
  kCity,
  kKinds,
  kParent,
  kOwner,
  kColumns
};

class OrganizationFold : public RecordFold {
 public:
  explicit OrganizationFold(FactColumns* columns) : RecordFold(columns, kColumns) {}

  void Apply(const FoldEvent& meta) override {
    const v1::OrganizationEvent& event = meta.payload->organization();
    switch (event.event_case()) {
      case v1::OrganizationEvent::kCreated: return CreateOrganization(meta, event.created());
      case v1::OrganizationEvent::kDetailsChanged: return ChangeDetails(event.details_changed());
      case v1::OrganizationEvent::kParentSet: return SetText(kParent, event.parent_set().parent());
      case v1::OrganizationEvent::kKindsSet: return SetKinds(event.kinds_set().kinds());
      case v1::OrganizationEvent::kDeleted:
      case v1::OrganizationEvent::kRestored:
      case v1::OrganizationEvent::kExternalIdLinked:
      case v1::OrganizationEvent::kAnnotated: ApplyCommon(meta, event); return;
      case v1::OrganizationEvent::EVENT_NOT_SET: return;
    }
  }

 private:
  void CreateOrganization(const FoldEvent& meta, const v1::OrganizationCreated& created) {
    Create(meta, created);
    SetText(kDisplayName, created.display_name());
    SetText(kLegalId, created.legal_id());
    SetText(kSector, created.sector());
    SetAddress(created.address());
    SetKinds(created.kinds());
    SetText(kParent, created.parent());
    SetText(kOwner, created.owner());
  }

  void ChangeDetails(const v1::OrganizationDetailsChanged& changed) {
    if (changed.has_display_name()) SetText(kDisplayName, changed.display_name());
    if (changed.has_legal_id()) SetText(kLegalId, changed.legal_id());
    if (changed.has_sector()) SetText(kSector, changed.sector());
    if (changed.has_address()) SetAddress(changed.address());
    if (changed.has_owner()) SetText(kOwner, changed.owner());
  }

  void SetAddress(const v1::Address& address) {
    SetText(kCountry, address.country());
    SetText(kCity, address.city());
  }

  // `customer`, `partner` ...: the enum's names without their prefix.
  template <class Kinds>
  void SetKinds(const Kinds& kinds) {
    std::vector<std::string> names;
    for (int kind : kinds) {
      const std::string& name = v1::PartyKind_Name(static_cast<v1::PartyKind>(kind));
      if (!name.empty()) names.push_back(absl::AsciiStrToLower(absl::StripPrefix(name, "PARTY_KIND_")));
    }
    std::sort(names.begin(), names.end());
    names.erase(std::unique(names.begin(), names.end()), names.end());
    SetValue(kKinds, columns().TextSet(names));
  }
};

}  // namespace

Subject OrganizationSubject() {
  return {"organization",
          "organizations",
          "Customers, partners, suppliers, competitors",
          RecordColumns({
              {"display_name", ColumnKind::kText, "", "Name"},
              {"legal_id", ColumnKind::kText, "", "Legal id"},
              {"sector", ColumnKind::kText, "", "Sector"},
              {"country", ColumnKind::kText, "", "Country of the address"},
              {"city", ColumnKind::kText, "", "City of the address"},
              {"kinds", ColumnKind::kTextSet, "", "lead, customer, partner, supplier, competitor"},
              {"parent", ColumnKind::kRecord, "organizations", "The organization above"},
              {"owner", ColumnKind::kRecord, "users", "Responsible user"},
          }),
          {},
          [](FactColumns* columns) -> std::unique_ptr<Fold> { return std::make_unique<OrganizationFold>(columns); }};
}

}  // namespace recount::projections
