#include "tools/import/rule_merge.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "google/protobuf/util/message_differencer.h"

namespace recount::tools {
namespace {

using google::protobuf::util::MessageDifferencer;

std::string DateKey(const google::type::Date& date) { return absl::StrCat(date.year(), "-", date.month(), "-", date.day()); }

std::string KeyOf(const api::Pipeline& p) { return p.id(); }
std::string KeyOf(const api::StageMap& m) { return m.pipeline(); }
std::string KeyOf(const api::StageProbability& p) { return absl::StrCat(p.pipeline(), "\n", p.stage()); }
std::string KeyOf(const api::Reason& r) { return r.id(); }
std::string KeyOf(const api::ExchangeRate& r) { return absl::StrCat(r.from(), "\n", r.to(), "\n", DateKey(r.date())); }
std::string KeyOf(const api::FieldDefinition& f) { return absl::StrCat(f.collection(), "\n", f.id()); }

// Replaces the element with the same key in its place, or appends.
template <typename List>
void MergeList(const List& added, List* into) {
  for (const auto& element : added) {
    bool found = false;
    for (auto& old : *into) {
      if (KeyOf(old) != KeyOf(element)) continue;
      old = element;
      found = true;
      break;
    }
    if (!found) *into->Add() = element;
  }
}

// All edges of a child that the added chart knows come from there.
void MergeEdges(const api::OrgChartRule& added, api::OrgChartRule* into) {
  api::OrgChartRule merged;
  for (const api::OrgEdge& old : into->edges()) {
    bool is_replaced = false;
    for (const api::OrgEdge& edge : added.edges()) is_replaced |= edge.child() == old.child();
    if (!is_replaced) *merged.add_edges() = old;
  }
  for (const api::OrgEdge& edge : added.edges()) *merged.add_edges() = edge;
  // The order of edges says nothing: keep the old one if only that differs.
  MessageDifferencer differ;
  differ.set_repeated_field_comparison(MessageDifferencer::AS_SET);
  if (!differ.Compare(merged, *into)) *into = merged;
}

}  // namespace

const api::RuleProposal* StandingRule(absl::Span<const api::RuleVersion> versions, const api::RuleProposal& like) {
  const api::RuleProposal* found = nullptr;
  for (const api::RuleVersion& version : versions) {
    const api::RuleProposal& rule = version.rule();
    if (version.withdrawn() || rule.content().content_case() != like.content().content_case()) continue;
    if (DateKey(rule.effective_from()) == DateKey(like.effective_from())) found = &rule;
  }
  return found;
}

api::RuleProposal MergeRule(const api::RuleProposal& base, const api::RuleProposal& added) {
  api::RuleProposal out = base;
  *out.mutable_effective_from() = added.effective_from();
  if (!added.has_effective_from()) out.clear_effective_from();
  api::RuleContent* into = out.mutable_content();
  const api::RuleContent& from = added.content();
  switch (from.content_case()) {
    case api::RuleContent::kPipelines:
      MergeList(from.pipelines().pipelines(), into->mutable_pipelines()->mutable_pipelines());
      MergeList(from.pipelines().stage_maps(), into->mutable_pipelines()->mutable_stage_maps());
      break;
    case api::RuleContent::kProbabilities:
      MergeList(from.probabilities().probabilities(), into->mutable_probabilities()->mutable_probabilities());
      break;
    case api::RuleContent::kReasons:
      MergeList(from.reasons().reasons(), into->mutable_reasons()->mutable_reasons());
      break;
    case api::RuleContent::kExchangeRates:
      MergeList(from.exchange_rates().rates(), into->mutable_exchange_rates()->mutable_rates());
      break;
    case api::RuleContent::kFieldSchema:
      MergeList(from.field_schema().fields(), into->mutable_field_schema()->mutable_fields());
      break;
    case api::RuleContent::kOrgChart:
      MergeEdges(from.org_chart(), into->mutable_org_chart());
      break;
    case api::RuleContent::kCalendar:
    case api::RuleContent::CONTENT_NOT_SET:
      *into = from;
      break;
  }
  return out;
}

std::vector<api::RuleProposal> RulesToPublish(absl::Span<const api::RuleVersion> versions,
                                              absl::Span<const api::RuleProposal> wanted) {
  std::vector<api::RuleProposal> out;
  for (const api::RuleProposal& rule : wanted) {
    const api::RuleProposal* standing = StandingRule(versions, rule);
    if (standing == nullptr) {
      out.push_back(rule);
      continue;
    }
    api::RuleProposal merged = MergeRule(*standing, rule);
    if (!MessageDifferencer::Equals(merged, *standing)) out.push_back(std::move(merged));
  }
  return out;
}

}  // namespace recount::tools
