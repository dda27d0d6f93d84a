// Drafts of rules.
#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "domain/rules.h"
#include "google/protobuf/util/message_differencer.h"

namespace recount::domain {
namespace {

using google::protobuf::util::MessageDifferencer;

absl::Status CheckName(absl::string_view draft) {
  if (draft.empty()) return Refuse(v1::FIELD_REQUIRED, "say which draft, `drafts/{id}`", "draft");
  return CheckRecordName("drafts", draft, "draft");
}

absl::Status Closed(absl::string_view draft) {
  return Refuse(v1::DRAFT_CLOSED,
                absl::StrCat(draft, " is published or thrown away; use another name"), "draft");
}

// The draft's state; DRAFT_NOT_FOUND.
absl::StatusOr<const DraftState*> Find(const std::string& draft, Deciding* deciding) {
  RECOUNT_RETURN_IF_ERROR(CheckName(draft));
  RECOUNT_ASSIGN_OR_RETURN(const State* state, deciding->Load(draft));
  deciding->decision()->answer_name = draft;
  const DraftState* found = std::get_if<DraftState>(state);
  if (found == nullptr)
    return Refuse(v1::DRAFT_NOT_FOUND, absl::StrCat("there is no ", draft), "draft");
  return found;
}

bool Says(const v1::Draft& draft, const v1::DraftRulesRequest& command) {
  v1::DraftRulesRequest present;
  *present.mutable_rules() = draft.rules();
  present.set_comment(draft.comment());
  v1::DraftRulesRequest asked;
  *asked.mutable_rules() = command.rules();
  asked.set_comment(command.comment());
  return MessageDifferencer::Equals(present, asked);
}

}  // namespace

// ---- decide ----

absl::Status Decide(const v1::DraftRulesRequest& command, Deciding* deciding) {
  RECOUNT_RETURN_IF_ERROR(CheckName(command.draft()));
  if (command.rules().empty())
    return Refuse(v1::EMPTY_COMMAND, "there is no rule to draft", "rules");
  RECOUNT_RETURN_IF_ERROR(CheckProposals(deciding->rules(), command.rules()));
  RECOUNT_RETURN_IF_ERROR(CheckOrgNames(command.rules(), deciding));
  RECOUNT_ASSIGN_OR_RETURN(const State* state, deciding->Load(command.draft()));
  deciding->decision()->answer_name = command.draft();
  if (const DraftState* there = std::get_if<DraftState>(state)) {
    if (!there->draft.is_open()) return Closed(command.draft());
    if (Says(there->draft, command)) return absl::OkStatus();
  }
  v1::DraftSaved* saved = deciding->Append(command.draft(), "")->mutable_draft()->mutable_saved();
  *saved->mutable_rules() = command.rules();
  saved->set_comment(command.comment());
  return absl::OkStatus();
}

absl::Status Decide(const v1::PublishDraftRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const DraftState* state, Find(command.draft(), deciding));
  if (!state->draft.is_open()) return Closed(command.draft());
  // What was published since the draft was made counts, so it is checked again.
  RECOUNT_RETURN_IF_ERROR(CheckProposals(deciding->rules(), state->draft.rules()));
  Publish(state->draft.rules(), state->draft.comment(), command.draft(), deciding);
  deciding->Append(command.draft(), "")->mutable_draft()->mutable_published();
  return absl::OkStatus();
}

absl::Status Decide(const v1::DiscardDraftRequest& command, Deciding* deciding) {
  RECOUNT_ASSIGN_OR_RETURN(const DraftState* state, Find(command.draft(), deciding));
  if (!state->draft.is_open()) return Closed(command.draft());
  deciding->Append(command.draft(), "")->mutable_draft()->mutable_discarded();
  return absl::OkStatus();
}

// ---- evolve ----

void EvolveDraft(const v1::DraftEvent& event, const EventMeta& meta, DraftState* state) {
  v1::Draft* draft = &state->draft;
  switch (event.event_case()) {
    case v1::DraftEvent::kSaved:
      *draft->mutable_rules() = event.saved().rules();
      draft->set_comment(event.saved().comment());
      draft->set_is_open(true);
      break;
    case v1::DraftEvent::kPublished:
    case v1::DraftEvent::kDiscarded:
      draft->set_is_open(false);
      break;
    case v1::DraftEvent::EVENT_NOT_SET:
      break;
  }
  draft->set_name(std::string(meta.stream));
  draft->set_position(meta.position);
  draft->set_actor(std::string(meta.actor));
}

}  // namespace recount::domain
