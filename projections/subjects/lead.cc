// Leads: capture, qualification, conversion.
#include <array>
#include <memory>

#include "domain/calendar.h"
#include "projections/subjects/record_fold.h"
#include "projections/subjects/registry.h"

namespace recount::projections {
namespace {

enum Column : int {
  kCapturedAt = kOwnColumns,
  kCapturedAtIsDay,
  kSource,
  kMedium,
  kCampaign,
  kSourceDetail,
  kOwner,
  kState,
  kStatus,
  kLevel,
  kMqlAt,
  kSqlAt,
  kSalAt,
  kAssignedAt,
  kDisqualifiedAt,
  kDisqualifyReason,
  kConvertedAt,
  kPerson,
  kOrganization,
  kDeal,
  kHandleBy,
  kColumns
};

constexpr std::array<const char*, 4> kLevelNames = {"none", "mql", "sql", "sal"};

class LeadFold : public RecordFold {
 public:
  explicit LeadFold(FactColumns* columns) : RecordFold(columns, kColumns) {}

  void Apply(const FoldEvent& meta) override {
    const v1::LeadEvent& event = meta.payload->lead();
    switch (event.event_case()) {
      case v1::LeadEvent::kCaptured: return Capture(meta, event.captured());
      case v1::LeadEvent::kDetailsChanged:
        if (event.details_changed().has_source()) SetSource(event.details_changed().source());
        return;
      case v1::LeadEvent::kAssigned: return Assign(meta, event.assigned().owner());
      case v1::LeadEvent::kStatusChanged: return SetText(kStatus, event.status_changed().status());
      case v1::LeadEvent::kHandlingDue:
        return SetHandleBy(event.handling_due().has_handle_by(), event.handling_due().handle_by());
      case v1::LeadEvent::kQualified: return Reach(meta, event.qualified().level());
      case v1::LeadEvent::kAccepted: return Reach(meta, v1::LEAD_LEVEL_SAL);
      case v1::LeadEvent::kDisqualified:
        SetText(kState, "disqualified");
        SetValue(kDisqualifiedAt, meta.occurred_micros);
        return SetText(kDisqualifyReason, event.disqualified().reason());
      case v1::LeadEvent::kRequalified: return TakeBack(meta, event.requalified().level());
      case v1::LeadEvent::kConverted: return Convert(meta, event.converted());
      case v1::LeadEvent::kDeleted:
      case v1::LeadEvent::kRestored:
      case v1::LeadEvent::kExternalIdLinked:
      case v1::LeadEvent::kAnnotated: ApplyCommon(meta, event); return;
      case v1::LeadEvent::EVENT_NOT_SET: return;
    }
  }

 private:
  void Capture(const FoldEvent& meta, const v1::LeadCaptured& captured) {
    Create(meta, captured);
    SetValue(kCapturedAt, meta.occurred_micros);
    SetValue(kCapturedAtIsDay, meta.precision == v1::PRECISION_DAY);
    SetSource(captured.source());
    Assign(meta, captured.owner());
    SetText(kState, "open");
    SetText(kStatus, captured.status());
    SetText(kLevel, kLevelNames[0]);
    SetHandleBy(captured.has_handle_by(), captured.handle_by());
  }

  void SetSource(const v1::Source& source) {
    SetText(kSource, source.id());
    SetText(kMedium, source.medium());
    SetText(kCampaign, source.campaign());
    SetText(kSourceDetail, source.detail());
  }

  void Assign(const FoldEvent& meta, const std::string& owner) {
    SetText(kOwner, owner);
    if (!owner.empty() && Value(kAssignedAt) == kNull) SetValue(kAssignedAt, meta.occurred_micros);
  }

  void SetHandleBy(bool is_given, const google::protobuf::Timestamp& time) {
    SetValue(kHandleBy, is_given ? domain::MicrosFrom(time) : kNull);
  }

  // Sets the level; times of this level and those below are kept from the first time on.
  void Reach(const FoldEvent& meta, int level) {
    if (level < 0 || level >= static_cast<int>(kLevelNames.size())) return;
    SetText(kLevel, kLevelNames[level]);
    for (int reached = 1; reached <= level; ++reached) {
      if (Value(kMqlAt + reached - 1) == kNull) SetValue(kMqlAt + reached - 1, meta.occurred_micros);
    }
  }

  // A level that was taken back was never reached.
  void TakeBack(const FoldEvent& meta, int level) {
    SetText(kState, "open");
    SetValue(kDisqualifiedAt, kNull);
    SetValue(kDisqualifyReason, kNull);
    for (int above = level < 0 ? 1 : level + 1; above < static_cast<int>(kLevelNames.size()); ++above) {
      SetValue(kMqlAt + above - 1, kNull);
    }
    Reach(meta, level);
  }

  void Convert(const FoldEvent& meta, const v1::LeadConverted& converted) {
    SetText(kState, "converted");
    SetValue(kConvertedAt, meta.occurred_micros);
    SetText(kPerson, converted.person());
    SetText(kOrganization, converted.organization());
    SetText(kDeal, converted.deal());
  }
};

}  // namespace

Subject LeadSubject() {
  return {"lead",
          "leads",
          "Enquiries and other leads: source, owner, qualification, conversion",
          RecordColumns({
              {"captured_at", ColumnKind::kTime, "", "When it was captured"},
              {"captured_at_is_day", ColumnKind::kFlag, "", "Only the day of captured_at is known"},
              {"source", ColumnKind::kText, "", "Source id"},
              {"medium", ColumnKind::kText, "", "Medium of the source"},
              {"campaign", ColumnKind::kText, "", "Campaign of the source"},
              {"source_detail", ColumnKind::kText, "", "Anything more exact about the source"},
              {"owner", ColumnKind::kRecord, "users", "Responsible user"},
              {"state", ColumnKind::kText, "", "open, disqualified or converted"},
              {"status", ColumnKind::kText, "", "Status in the words of the tenant"},
              {"level", ColumnKind::kText, "", "none, mql, sql or sal"},
              {"mql_at", ColumnKind::kTime, "", "First time at mql or above"},
              {"sql_at", ColumnKind::kTime, "", "First time at sql or above"},
              {"sal_at", ColumnKind::kTime, "", "First time at sal"},
              {"assigned_at", ColumnKind::kTime, "", "When it was first assigned"},
              {"disqualified_at", ColumnKind::kTime, "", "When it was disqualified, if that stands"},
              {"disqualify_reason", ColumnKind::kText, "", "Reason of the standing disqualification"},
              {"converted_at", ColumnKind::kTime, "", "When it was converted"},
              {"person", ColumnKind::kRecord, "persons", "Person that it became"},
              {"organization", ColumnKind::kRecord, "organizations", "Organization that it became"},
              {"deal", ColumnKind::kRecord, "deals", "Deal that it became"},
              {"handle_by", ColumnKind::kTime, "", "To be handled by then"},
          }),
          {},
          [](FactColumns* columns) -> std::unique_ptr<Fold> { return std::make_unique<LeadFold>(columns); }};
}

}  // namespace recount::projections
