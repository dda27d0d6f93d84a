#include "projections/engine/diff_chain.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "absl/strings/str_cat.h"
#include "projections/engine/answer_page.h"
#include "projections/engine/diff_causes.h"
#include "projections/engine/resolve.h"
#include "projections/engine/sight.h"
#include "projections/engine/tokens.h"

namespace recount::projections {
namespace {

using storage::v1::Pin;
using storage::v1::ReportToken;

bool IsAsRecorded(const v1::Basis& basis) { return basis.rule_basis().kind() == v1::RULE_BASIS_KIND_AS_RECORDED; }

// Of a movement whose opening knows less than its closing: rules that are fixed hold there too, others are those of then.
bool HasFixedOpening(const v1::Basis& basis) {
  const v1::RuleBasisKind kind = basis.rule_basis().kind();
  const bool fixed = kind == v1::RULE_BASIS_KIND_HEAD || kind == v1::RULE_BASIS_KIND_AT;
  return fixed && basis.opening_position() != 0 && basis.opening_position() != basis.position();
}

// Proposals of each side's draft, as they are pinned.
absl::StatusOr<std::vector<v1::RuleProposal>> DraftOf(const DiffSide& side, const EngineContext& context) {
  const Pin& pin = side.base.token.pin();
  if (!pin.draft_hash().empty()) return context.draft(side.basis.rule_basis().draft());
  return std::vector<v1::RuleProposal>(pin.draft().begin(), pin.draft().end());
}

std::vector<v1::RuleProposal> OfKind(const std::vector<v1::RuleProposal>& draft, v1::RuleKind kind) {
  std::vector<v1::RuleProposal> own;
  for (const v1::RuleProposal& proposal : draft) {
    if (domain::KindOf(proposal.content()) == kind) own.push_back(proposal);
  }
  return own;
}

bool AreSame(const std::vector<v1::RuleProposal>& a, const std::vector<v1::RuleProposal>& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const v1::RuleProposal& x, const v1::RuleProposal& y) { return Bytes(x) == Bytes(y); });
}

// Whether an answer counts a record of this owner: a movement at any time of its way.
bool MaySee(const Query& query, absl::string_view record) {
  if (SeesRecord(*query.world, record)) return true;
  if (query.opening == nullptr) return false;
  return SeesRecord(*query.opening, record) || SeenUntil(*query.world, record) > query.opening->moment().valid_at;
}

class ChainMaker {
 public:
  ChainMaker(const DiffSide& from, const DiffSide& to, const EngineContext& context, Halt* halt)
      : from_(from), to_(to), context_(context), halt_(halt), now_(from.base) {}

  absl::StatusOr<DiffChain> Make() {
    now_.token.mutable_request()->clear_sort();
    chain_.bases.push_back(from_.base);
    for (auto step : {&ChainMaker::Definition, &ChainMaker::Question, &ChainMaker::Rights, &ChainMaker::Time,
                      &ChainMaker::RuleKinds, &ChainMaker::RuleBasis, &ChainMaker::Facts}) {
      if (auto status = (this->*step)(); !status.ok()) return status;
    }
    // The last step leads to the other answer, as it was asked.
    if (chain_.causes.empty()) chain_.bases.emplace_back();
    chain_.bases.back() = to_.base;
    return std::move(chain_);
  }

 private:
  const Pin& first_pin() const { return from_.base.token.pin(); }
  const Pin& last_pin() const { return to_.base.token.pin(); }
  Pin& pin() { return *now_.token.mutable_pin(); }
  v1::ReportParameters& parameters() { return *now_.token.mutable_request()->mutable_parameters(); }
  bool is_movement() const { return to_.base.definition->has_movement() && from_.base.definition->has_movement(); }
  const domain::Rulebook& Head() const {
    return HeadRules(context_);
  }

  void Step(v1::ChangeCause cause) {
    chain_.causes.push_back(std::move(cause));
    chain_.bases.push_back(now_);
  }

  // What the former definition had as its defaults is asked of the other one expressly; where it cannot be asked so, its question
  // comes along with it.
  absl::Status Definition() {
    const v1::ReportDefinition& before = *from_.base.definition;
    const v1::ReportDefinition& after = *to_.base.definition;
    if (Bytes(before) == Bytes(after)) return absl::OkStatus();
    now_.definition = to_.base.definition;
    now_.token.set_definition_version(to_.base.token.definition_version());
    v1::RunReportRequest& request = *now_.token.mutable_request();
    request.clear_definition();
    request.set_report(to_.base.token.request().report());
    if (to_.base.token.request().has_definition()) *request.mutable_definition() = to_.base.token.request().definition();
    AskExpressly();
    v1::ChangeCause cause = DefinitionCause(before, after);
    const absl::Status fits = QueryOf(now_, context_).status();
    if (!fits.ok() && fits.code() != absl::StatusCode::kInvalidArgument) return fits;
    if (!fits.ok()) {
      TakeQuestion();
      const v1::ChangeCause question = QuestionCause(from_.basis, to_.basis);
      if (!question.text().empty()) cause.set_text(absl::StrCat(cause.text(), ", along with ", question.text()));
    }
    Step(std::move(cause));
    return absl::OkStatus();
  }

  void AskExpressly() {
    const v1::Basis& basis = from_.basis;
    parameters().mutable_group_by()->CopyFrom(basis.group_by());
    if (basis.group_by().empty()) parameters().add_group_by(std::string("-"));
    parameters().set_mode(basis.mode());
    parameters().set_attribution(basis.attribution());
    std::vector<std::string> common;
    for (const std::string& id : basis.measures()) {
      if (std::find(to_.basis.measures().begin(), to_.basis.measures().end(), id) != to_.basis.measures().end()) common.push_back(id);
    }
    if (common.size() < static_cast<size_t>(basis.measures_size())) parameters().mutable_measures()->Assign(common.begin(), common.end());
  }

  absl::Status Question() {
    if (is_taken_ || OtherQuestions(from_.basis, to_.basis).empty()) return absl::OkStatus();
    TakeQuestion();
    Step(QuestionCause(from_.basis, to_.basis));
    return absl::OkStatus();
  }

  void TakeQuestion() {
    is_taken_ = true;
    const v1::RuleBasis basis = parameters().rule_basis();
    parameters() = to_.base.token.request().parameters();
    *parameters().mutable_rule_basis() = basis;
    if (!is_movement()) return;
    // The period says where a movement opens and closes.
    TakeMoment();
    const bool together = last_pin().opening_position() == last_pin().position();
    pin().set_opening_position(together ? pin().position() : std::min(last_pin().opening_position(), pin().position()));
  }

  absl::Status Rights() {
    const bool same = OwnersOf(first_pin(), context_) == OwnersOf(last_pin(), context_);
    pin().set_rights(last_pin().rights());
    pin().set_rights_position(last_pin().rights_position());
    pin().set_rights_day(last_pin().rights_day());
    if (!same) Step(RightsCause(from_.basis, to_.basis));
    return absl::OkStatus();
  }

  void TakeMoment() {
    pin().set_valid_at_micros(last_pin().valid_at_micros());
    if (is_movement()) pin().set_opening_valid_at_micros(last_pin().opening_valid_at_micros());
  }

  absl::Status Time() {
    const Pin before = pin();
    TakeMoment();
    const bool same = before.valid_at_micros() == pin().valid_at_micros() &&
                      before.opening_valid_at_micros() == pin().opening_valid_at_micros();
    if (!same) Step(TimeCause(from_.basis, to_.basis));
    return absl::OkStatus();
  }

  // Kinds that are not gone through yet are substituted.
  absl::Status RuleKinds() {
    auto before = DraftOf(from_, context_), after = DraftOf(to_, context_);
    if (!before.ok() || !after.ok()) return before.ok() ? after.status() : before.status();
    const uint64_t from = first_pin().rules_position(), to = last_pin().rules_position();
    Substitution substitution;
    for (int number = v1::RuleKind_MIN; number <= v1::RuleKind_MAX; ++number) {
      const auto kind = static_cast<v1::RuleKind>(number);
      const std::vector<v1::RuleProposal> own = OfKind(*before, kind);
      const bool differs = HasRulesBetween(kind, Head(), std::min(from, to), std::max(from, to)) || !AreSame(own, OfKind(*after, kind));
      if (differs) substitution.rules[kind] = {from, own};
    }
    pin().set_rules_position(to);
    pin().clear_draft_hash();
    pin().mutable_draft()->Assign(after->begin(), after->end());
    for (int number = v1::RuleKind_MIN; number <= v1::RuleKind_MAX; ++number) {
      const auto kind = static_cast<v1::RuleKind>(number);
      if (substitution.rules.erase(kind) == 0) continue;
      now_.substitution = std::make_shared<const Substitution>(substitution);
      if (substitution.rules.empty() && !IsOtherBasis()) TakeRuleBasis();
      Step(RulesCause(kind, Head(), std::min(from, to), std::max(from, to), DraftOfCause(kind, *before, *after)));
    }
    return absl::OkStatus();
  }

  // Name of the draft that a kind is changed by; empty: none.
  std::string DraftOfCause(v1::RuleKind kind, const std::vector<v1::RuleProposal>& before,
                           const std::vector<v1::RuleProposal>& after) const {
    const std::vector<v1::RuleProposal> own = OfKind(before, kind), others = OfKind(after, kind);
    if (AreSame(own, others)) return "";
    return (others.empty() ? from_ : to_).basis.rule_basis().draft();
  }

  bool IsOtherBasis() const {
    return IsAsRecorded(from_.basis) != IsAsRecorded(to_.basis) || HasFixedOpening(from_.basis) != HasFixedOpening(to_.basis);
  }
  void TakeRuleBasis() {
    *parameters().mutable_rule_basis() = to_.base.token.request().parameters().rule_basis();
    pin().mutable_draft()->CopyFrom(last_pin().draft());
    pin().set_draft_hash(last_pin().draft_hash());
  }
  absl::Status RuleBasis() {
    TakeRuleBasis();
    if (IsOtherBasis()) Step(RuleBasisCause(from_.basis, to_.basis));
    return absl::OkStatus();
  }

  // Of records that neither answer may see, nothing is told.
  absl::StatusOr<std::vector<RecordedFacts>> SeenFacts() {
    const uint64_t from = first_pin().position(), to = last_pin().position();
    auto before = QueryOf(from_.base, context_), after = QueryOf(to_.base, context_);
    if (!before.ok() || !after.ok()) return before.ok() ? after.status() : before.status();
    const auto is_seen = [&](absl::string_view record) { return MaySee(**before, record) || MaySee(**after, record); };
    return RecordedBetween(context_, from, to, first_pin().valid_at_micros(), is_seen, halt_);
  }

  absl::Status Facts() {
    auto facts = SeenFacts();
    if (!facts.ok()) return facts.status();
    const uint64_t from = first_pin().position();
    const uint64_t opening = pin().opening_position();
    for (size_t i = 0; i < facts->size(); ++i) {
      auto earlier = std::make_shared<EarlierRecords>();
      earlier->position = from;
      earlier->opening_position = opening;
      for (size_t k = i + 1; k < facts->size(); ++k) earlier->streams.insert((*facts)[k].streams.begin(), (*facts)[k].streams.end());
      auto substitution = std::make_shared<Substitution>();
      if (!earlier->streams.empty()) substitution->earlier = std::move(earlier);
      now_.substitution = std::move(substitution);
      pin() = last_pin();
      Step(FactsCause((*facts)[i], from_.basis.valid_at(), from_.basis.zone()));
    }
    return absl::OkStatus();
  }

  const DiffSide& from_;
  const DiffSide& to_;
  const EngineContext& context_;
  Halt* halt_;
  DiffBase now_;
  DiffChain chain_;
  bool is_taken_ = false;  // the question
};

// A pin can hold what is not substituted, and drafts only along with their basis.
void SetPins(const EngineContext& context, DiffChain* chain) {
  for (size_t i = 0; i < chain->causes.size(); ++i) {
    const DiffBase& base = chain->bases[i];
    if (!base.substitution->rules.empty() || base.substitution->earlier != nullptr) continue;
    const bool is_draft = base.token.request().parameters().rule_basis().kind() == v1::RULE_BASIS_KIND_DRAFT;
    if (!is_draft && base.token.pin().draft_size() > 0) continue;
    ReportToken token = base.token;
    token.set_kind(ReportToken::KIND_PIN);
    std::string encoded = EncodeToken(token, context.token_key);
    if (encoded.size() <= kLongestToken) chain->causes[i].set_pin(std::move(encoded));
  }
}

// The later of two: what it has beside the other was recorded after it.
auto PlaceOf(const DiffSide& side) {
  const Pin& pin = side.base.token.pin();
  return std::make_tuple(pin.position(), pin.rules_position(), pin.valid_at_micros());
}

}  // namespace

absl::StatusOr<std::unique_ptr<Query>> QueryOf(const DiffBase& base, const EngineContext& context) {
  const v1::RunReportRequest& request = base.token.request();
  const ResolveInput input{&context,          base.definition.get(), request.parameters(),
                           request.language(), &base.token.pin(),     base.substitution.get()};
  Pin same;
  return Resolve(input, &same);
}

absl::StatusOr<DiffChain> MakeChain(const DiffSide& before, const DiffSide& after, const EngineContext& context, Halt* halt) {
  const bool is_backward = PlaceOf(after) < PlaceOf(before);
  auto chain = is_backward ? ChainMaker(after, before, context, halt).Make() : ChainMaker(before, after, context, halt).Make();
  if (!chain.ok()) return chain;
  if (is_backward) {
    std::reverse(chain->bases.begin(), chain->bases.end());
    std::reverse(chain->causes.begin(), chain->causes.end());
  }
  SetPins(context, &*chain);
  return chain;
}

}  // namespace recount::projections
