// From a command to its decision.
#include "domain/aggregate.h"
#include "domain/deal.h"
#include "domain/identities.h"
#include "domain/lead.h"
#include "domain/organization.h"
#include "domain/person.h"
#include "domain/product.h"
#include "domain/record.h"
#include "domain/refusal.h"
#include "domain/rules.h"

namespace recount::domain {
namespace {

// One line for each command; there is no default, so that a forgotten one does not compile.
absl::Status Dispatch(const v1::Command& command, Deciding* deciding) {
  switch (command.command_case()) {
    case v1::Command::kDeleteRecord:
      return Decide(command.delete_record(), deciding);
    case v1::Command::kRestoreRecord:
      return Decide(command.restore_record(), deciding);
    case v1::Command::kLinkExternalId:
      return Decide(command.link_external_id(), deciding);
    case v1::Command::kAnnotateRecord:
      return Decide(command.annotate_record(), deciding);
    case v1::Command::kCaptureLead:
      return Decide(command.capture_lead(), deciding);
    case v1::Command::kChangeLeadDetails:
      return Decide(command.change_lead_details(), deciding);
    case v1::Command::kAssignLead:
      return Decide(command.assign_lead(), deciding);
    case v1::Command::kChangeLeadStatus:
      return Decide(command.change_lead_status(), deciding);
    case v1::Command::kScheduleLeadHandling:
      return Decide(command.schedule_lead_handling(), deciding);
    case v1::Command::kQualifyLead:
      return Decide(command.qualify_lead(), deciding);
    case v1::Command::kAcceptLead:
      return Decide(command.accept_lead(), deciding);
    case v1::Command::kDisqualifyLead:
      return Decide(command.disqualify_lead(), deciding);
    case v1::Command::kRequalifyLead:
      return Decide(command.requalify_lead(), deciding);
    case v1::Command::kConvertLead:
      return Decide(command.convert_lead(), deciding);
    case v1::Command::kCreatePerson:
      return Decide(command.create_person(), deciding);
    case v1::Command::kChangePersonDetails:
      return Decide(command.change_person_details(), deciding);
    case v1::Command::kCreateOrganization:
      return Decide(command.create_organization(), deciding);
    case v1::Command::kChangeOrganizationDetails:
      return Decide(command.change_organization_details(), deciding);
    case v1::Command::kSetOrganizationParent:
      return Decide(command.set_organization_parent(), deciding);
    case v1::Command::kSetPartyKinds:
      return Decide(command.set_party_kinds(), deciding);
    case v1::Command::kCreateDeal:
      return Decide(command.create_deal(), deciding);
    case v1::Command::kChangeDealDetails:
      return Decide(command.change_deal_details(), deciding);
    case v1::Command::kChangeDealStage:
      return Decide(command.change_deal_stage(), deciding);
    case v1::Command::kChangeDealValue:
      return Decide(command.change_deal_value(), deciding);
    case v1::Command::kChangeDealExpectedClose:
      return Decide(command.change_deal_expected_close(), deciding);
    case v1::Command::kAssignDeal:
      return Decide(command.assign_deal(), deciding);
    case v1::Command::kOverrideDealProbability:
      return Decide(command.override_deal_probability(), deciding);
    case v1::Command::kWinDeal:
      return Decide(command.win_deal(), deciding);
    case v1::Command::kLoseDeal:
      return Decide(command.lose_deal(), deciding);
    case v1::Command::kReopenDeal:
      return Decide(command.reopen_deal(), deciding);
    case v1::Command::kCompleteDeal:
      return Decide(command.complete_deal(), deciding);
    case v1::Command::kMoveDealToPipeline:
      return Decide(command.move_deal_to_pipeline(), deciding);
    case v1::Command::kCreateProduct:
      return Decide(command.create_product(), deciding);
    case v1::Command::kChangeProductDetails:
      return Decide(command.change_product_details(), deciding);
    case v1::Command::kSetListPrice:
      return Decide(command.set_list_price(), deciding);
    case v1::Command::kRetireProduct:
      return Decide(command.retire_product(), deciding);
    case v1::Command::kCreateUser:
      return Decide(command.create_user(), deciding);
    case v1::Command::kChangeUserDetails:
      return Decide(command.change_user_details(), deciding);
    case v1::Command::kCreateTeam:
      return Decide(command.create_team(), deciding);
    case v1::Command::kChangeTeamDetails:
      return Decide(command.change_team_details(), deciding);
    case v1::Command::kCreateOrgUnit:
      return Decide(command.create_org_unit(), deciding);
    case v1::Command::kChangeOrgUnitDetails:
      return Decide(command.change_org_unit_details(), deciding);
    case v1::Command::kPublishRules:
      return Decide(command.publish_rules(), deciding);
    case v1::Command::kDraftRules:
      return Decide(command.draft_rules(), deciding);
    case v1::Command::kPublishDraft:
      return Decide(command.publish_draft(), deciding);
    case v1::Command::kDiscardDraft:
      return Decide(command.discard_draft(), deciding);
    case v1::Command::kWithdrawRule:
      return Decide(command.withdraw_rule(), deciding);
    case v1::Command::COMMAND_NOT_SET:
      break;
  }
  return Refuse(v1::EMPTY_COMMAND, "the command holds nothing to do", "command");
}

}  // namespace

absl::StatusOr<Decision> Decide(const v1::Command& command, const Context& context) {
  Decision decision;
  Deciding deciding(context, &decision);
  if (command.command_case() != v1::Command::COMMAND_NOT_SET)
    RECOUNT_RETURN_IF_ERROR(deciding.Begin(HeaderOf(command)));
  RECOUNT_RETURN_IF_ERROR(Dispatch(command, &deciding));
  if (decision.events.empty()) decision.claims.clear();
  return decision;
}

}  // namespace recount::domain
