// Rules, drafts and their pages, as a client sees them.
#include <functional>
#include <string>
#include <utility>

#include "absl/strings/str_cat.h"
#include "services/server_testing.h"

namespace recount::services {
namespace {

TEST_F(ServerTest, RulesAndDrafts) {
  v1::DraftRulesRequest draft;
  draft.set_draft("drafts/summer");
  draft.add_rules()->mutable_content()->mutable_calendar()->set_zone("Asia/Jerusalem");
  v1::CommandResult result;
  As drafting(kUser);
  const grpc::Status drafted = rules_->DraftRules(&drafting, draft, &result);
  ASSERT_TRUE(drafted.ok()) << drafted.error_message();
  v1::ListDraftsResponse drafts;
  As listing(kViewer);
  ASSERT_TRUE(rules_->ListDrafts(&listing, {}, &drafts).ok());
  ASSERT_EQ(drafts.drafts_size(), 1);
  v1::PublishDraftRequest publish;
  publish.set_draft("drafts/summer");
  As publishing(kUser);
  ASSERT_TRUE(rules_->PublishDraft(&publishing, publish, &result).ok());
  const auto zone_at = [&](uint64_t position) {
    v1::GetRulebookRequest request;
    request.set_as_of_position(position);
    v1::Rulebook rulebook;
    As context(kViewer);
    EXPECT_TRUE(rules_->GetRulebook(&context, request, &rulebook).ok());
    return rulebook.rules_size() == 1 ? rulebook.rules(0).rule().content().calendar().zone() : "";
  };
  EXPECT_EQ(zone_at(1), "Europe/Berlin");
  EXPECT_EQ(zone_at(0), "Asia/Jerusalem");
  v1::ListRuleVersionsResponse versions;
  As all(kViewer);
  ASSERT_TRUE(rules_->ListRuleVersions(&all, {}, &versions).ok());
  EXPECT_EQ(versions.versions_size(), 2);
}

// About 1.5 MB, another one for each number.
v1::RuleProposal LargeRule(int number) {
  v1::RuleProposal rule;
  v1::ReasonsRule* reasons = rule.mutable_content()->mutable_reasons();
  for (int i = 0; i < 750; ++i) {
    v1::Reason* reason = reasons->add_reasons();
    reason->set_id(absl::StrCat(number, "-", i));
    for (const char* language : {"de", "en"}) (*reason->mutable_labels())[language] = std::string(1000, 'x');
  }
  return rule;
}

// All pages of a listing, and how many there were; what `change` does between them is on none.
template <typename Response, typename Request>
std::pair<Response, int> AllPages(Request request, const std::function<grpc::Status(const Request&, Response*)>& call,
                                  const std::function<void()>& change = [] {}) {
  Response whole;
  int pages = 0;
  do {
    Response page;
    const grpc::Status status = call(request, &page);
    EXPECT_TRUE(status.ok()) << status.error_message();
    if (!status.ok()) break;
    request.set_page_token(page.next_page_token());
    whole.MergeFrom(page);
    ++pages;
    change();
  } while (!request.page_token().empty());
  return {whole, pages};
}

class RuleListingTest : public ServerTest {
 protected:
  void Draft(const std::string& name, const v1::RuleProposal& rule) {
    v1::DraftRulesRequest draft;
    draft.set_draft(name);
    *draft.add_rules() = rule;
    v1::CommandResult result;
    As context(kUser);
    const grpc::Status status = rules_->DraftRules(&context, draft, &result);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  void Publish(const v1::RuleProposal& rule) {
    v1::PublishRulesRequest publish;
    *publish.add_rules() = rule;
    v1::CommandResult result;
    As context(kUser);
    const grpc::Status status = rules_->PublishRules(&context, publish, &result);
    ASSERT_TRUE(status.ok()) << status.error_message();
  }
  static v1::RuleProposal Zone(const std::string& zone) {
    v1::RuleProposal rule;
    rule.mutable_content()->mutable_calendar()->set_zone(zone);
    return rule;
  }
  const std::function<grpc::Status(const v1::ListRuleVersionsRequest&, v1::ListRuleVersionsResponse*)> versions_ =
      [this](const auto& request, auto* response) {
        As context(kViewer);
        return rules_->ListRuleVersions(&context, request, response);
      };
  const std::function<grpc::Status(const v1::ListDraftsRequest&, v1::ListDraftsResponse*)> drafts_ =
      [this](const auto& request, auto* response) {
        As context(kViewer);
        return rules_->ListDrafts(&context, request, response);
      };
};

TEST_F(RuleListingTest, LargeRulesComeInPages) {
  for (int number = 1; number <= 3; ++number) {
    Draft(absl::StrCat("drafts/", number), LargeRule(number));
    Publish(LargeRule(number));
  }
  v1::ListRuleVersionsRequest reasons;
  reasons.set_kind(v1::RULE_KIND_REASONS);
  const auto [versions, version_pages] = AllPages<v1::ListRuleVersionsResponse>(reasons, versions_);
  EXPECT_EQ(versions.versions_size(), 3);
  EXPECT_EQ(version_pages, 2);
  const auto [drafts, draft_pages] = AllPages<v1::ListDraftsResponse>(v1::ListDraftsRequest(), drafts_);
  EXPECT_EQ(drafts.drafts_size(), 3);
  EXPECT_EQ(draft_pages, 2);
  v1::Rulebook rulebook;
  As context(kViewer);
  EXPECT_TRUE(rules_->GetRulebook(&context, {}, &rulebook).ok()) << "one version of each kind";
}

TEST_F(RuleListingTest, PagesAgreeWhileRulesAreChanged) {
  for (const char* zone : {"Asia/Jerusalem", "UTC", "Asia/Tokyo"}) Publish(Zone(zone));
  for (const char* name : {"drafts/a", "drafts/b", "drafts/c"}) Draft(name, Zone("UTC"));
  v1::ListRuleVersionsRequest version_request;
  version_request.set_page_size(1);
  const auto [versions, version_pages] =
      AllPages<v1::ListRuleVersionsResponse>(version_request, versions_, [&] { Publish(Zone("Europe/Paris")); });
  EXPECT_EQ(version_pages, 4);
  ASSERT_EQ(versions.versions_size(), 4) << "with the tenant's first calendar";
  EXPECT_EQ(versions.total_size(), 4);
  EXPECT_EQ(versions.versions(3).rule().content().calendar().zone(), "Asia/Tokyo");

  v1::ListDraftsRequest draft_request;
  draft_request.set_page_size(2);
  const auto [drafts, draft_pages] = AllPages<v1::ListDraftsResponse>(draft_request, drafts_, [&] {
    Draft("drafts/aa", Zone("UTC"));
    Draft("drafts/c", Zone("Asia/Tokyo"));
  });
  EXPECT_EQ(draft_pages, 2);
  ASSERT_EQ(drafts.drafts_size(), 3);
  EXPECT_EQ(drafts.total_size(), 3);
  EXPECT_EQ(drafts.drafts(2).rules(0).content().calendar().zone(), "UTC");
}

TEST_F(RuleListingTest, APageTokenIsOfOneRequest) {
  for (const char* zone : {"Asia/Jerusalem", "UTC"}) Publish(Zone(zone));
  v1::ListRuleVersionsRequest request;
  request.set_page_size(1);
  v1::ListRuleVersionsResponse response;
  ASSERT_TRUE(versions_(request, &response).ok());
  request.set_page_token(response.next_page_token());
  request.set_kind(v1::RULE_KIND_CALENDAR);
  EXPECT_EQ(ReasonOf(versions_(request, &response)), "PAGE_TOKEN_MISMATCH");
  v1::ListDraftsRequest drafts;
  drafts.set_page_token(request.page_token());
  v1::ListDraftsResponse listed;
  EXPECT_EQ(ReasonOf(drafts_(drafts, &listed)), "PAGE_TOKEN_MISMATCH");
  request.set_page_token("rubbish");
  EXPECT_EQ(ReasonOf(versions_(request, &response)), "TOKEN_INVALID");
  request.clear_page_token();
  request.set_page_size(-1);
  EXPECT_EQ(ReasonOf(versions_(request, &response)), "FIELD_INVALID");
}

}  // namespace
}  // namespace recount::services
