#include "services/report_methods.h"

#include "recount/v1/lead.pb.h"
#include "services/read_side_testing.h"

namespace recount::services {
namespace {

// Stand still until somebody waits for a position.
class LateModels : public ModelsBetween {
 public:
  explicit LateModels(std::unique_ptr<projections::ReadModels> inner) : ModelsBetween(std::move(inner)) { Pause(true); }
  absl::StatusOr<std::unique_ptr<projections::Snapshot>> Read(uint64_t min_position, absl::Time deadline) override {
    if (min_position > 0) Pause(false);
    return ModelsBetween::Read(min_position, deadline);
  }
};

v1::RunReportRequest Conversion() {
  v1::RunReportRequest request;
  request.set_report("sales_conversion");
  return request;
}

TEST(ReportMethods, AnAsOfThatWasJustAcknowledgedIsAwaited) {
  ReadSide side(With<LateModels>());
  const uint64_t position = side.Do(Capture("1"));
  v1::RunReportRequest request = Conversion();
  request.mutable_parameters()->mutable_as_of()->set_position(position);
  const auto answer = side.Run(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->basis().position(), position);
}

TEST(ReportMethods, AnInstantIsOfEverythingRecordedByThen) {
  ReadSide side(With<LateModels>());
  const uint64_t position = side.Do(Capture("1"));
  v1::RunReportRequest request = Conversion();
  request.mutable_parameters()->mutable_as_of()->mutable_time()->mutable_time()->set_seconds(kNoon / 1000000 + 1);
  const auto answer = side.Run(request);
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->basis().position(), position);
}

TEST(ReportMethods, AComparedAsOfIsAwaited) {
  ReadSide side(With<LateModels>());
  const uint64_t position = side.Do(Capture("1"));
  v1::RunReportRequest request = Conversion();
  request.mutable_parameters()->mutable_as_of()->set_position(1);
  request.mutable_compare()->mutable_as_of()->set_position(position);
  const auto answer = side.Run(request);
  // Before its first event, a calendar, the tables stand at nothing: 1 is awaited, too.
  ASSERT_TRUE(answer.ok()) << answer.status();
  EXPECT_EQ(answer->compared_basis().position(), position);
}

TEST(ReportMethods, AnAsOfBeyondTheHeadIsRefusedAtOnce) {
  ReadSide side(With<LateModels>());
  v1::RunReportRequest request = Conversion();
  request.mutable_parameters()->mutable_as_of()->set_position(side.Do(Capture("1")) + 1);
  const absl::Status refused = side.Run(request).status();  // without a deadline: if it waited, it would for ever
  EXPECT_EQ(domain::ReasonOf(refused), v1::POSITION_BEYOND_HEAD) << refused;
}

// Wherever its caller goes, a question ends there.
TEST(ReportMethods, AQuestionEndsWhenItsCallerGoes) {
  ReadSide side;
  v1::RunReportRequest request = Conversion();
  request.set_min_position(side.Do(Capture("1")));
  bool is_answered = false;
  for (int stays = 0; !is_answered; ++stays) {
    int asked = 0;
    Call call;
    call.cancelled = [&] { return ++asked > stays; };
    const auto answer = side.Ask<v1::RunReportResponse>("ReportService.RunReport", request, call);
    is_answered = answer.ok();
    if (is_answered) break;
    EXPECT_TRUE(absl::IsCancelled(answer.status())) << answer.status();
    EXPECT_EQ(asked, stays + 1) << "went on";
  }
}

TEST(ReportMethods, NobodyWaitsForAPositionOnceTheCallerIsGone) {
  ReadSide side;
  v1::RunReportRequest request = Conversion();
  request.set_min_position(side.Do(Capture("1")) + 1000);
  int asked = 0;
  Call call;  // without a deadline
  call.cancelled = [&] { return ++asked > 1; };
  EXPECT_TRUE(absl::IsCancelled(side.Ask<v1::RunReportResponse>("ReportService.RunReport", request, call).status()));
}

TEST(ReportMethods, PagesOfRecordsAgreeWithAndWithoutWhatIsKept) {
  ReadSide side;
  uint64_t position = 0;
  for (int i = 0; i < 7; ++i) position = side.Do(Capture(absl::StrCat(i)));
  const auto names = [&] {
    std::vector<std::string> found;
    v1::ListRequest request;
    request.set_page_size(3);
    request.set_min_position(position);
    do {
      const auto page = side.Ask<v1::ListLeadsResponse>("LeadService.ListLeads", request);
      EXPECT_TRUE(page.ok()) << page.status();
      if (!page.ok()) break;
      for (const v1::Lead& lead : page->leads()) found.push_back(lead.info().name());
      request.set_page_token(page->next_page_token());
    } while (!request.page_token().empty());
    return found;
  };
  const std::vector<std::string> kept = names();
  EXPECT_EQ(kept.size(), 7u);
  EXPECT_GT(side.backend().listings->bytes(), 0u);
  side.backend().listings = std::make_unique<ListingCache>(0);
  EXPECT_EQ(names(), kept);
  EXPECT_EQ(side.backend().listings->bytes(), 0u);
}

}  // namespace
}  // namespace recount::services
