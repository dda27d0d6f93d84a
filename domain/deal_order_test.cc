// Random commands at random moments against the order of the past: whatever is accepted, and in
// whatever order it is entered, the events in the order (occurred, position), the creation first,
// must tell a story that can have happened (decisions.md 4), and its end must be the deal that the
// commands see.
#include <algorithm>
#include <random>

#include "domain/money.h"
#include "domain/scenario_testing.h"

namespace recount::domain {
namespace {

struct Happened {
  v1::DealEvent event;
  int64_t occurred = 0;
  uint64_t position = 0;
  uint64_t commit = 0;
};

// A deal as told event by event; `wrong` says what cannot be.
struct Story {
  std::string stage, pipeline, owner, outcome, organization, wrong;
  int64_t value = -1;
  int probability = -1;
  bool is_kept = false, is_completed = false, is_hot = false;

  void Clear(bool keep) {
    if (!keep && !is_kept) probability = -1;
  }

  void Tell(const Happened& now, bool belongs_to_outcome) {
    const v1::DealEvent& event = now.event;
    const auto expect = [&](bool can_be) {
      if (!can_be)
        absl::StrAppend(&wrong, "position ", now.position, " ", event.ShortDebugString(), " while ",
                        outcome, "; ");
    };
    switch (event.event_case()) {
      case v1::DealEvent::kCreated:
        stage = event.created().stage();
        pipeline = event.created().pipeline();
        break;
      case v1::DealEvent::kStageChanged:
        expect(belongs_to_outcome || outcome.empty() ||
               (outcome == "won" && event.stage_changed().stage() == "delivery"));
        stage = event.stage_changed().stage();
        Clear(event.stage_changed().keep_probability());
        break;
      case v1::DealEvent::kMovedToPipeline:
        expect(outcome.empty());
        stage = event.moved_to_pipeline().stage();
        pipeline = event.moved_to_pipeline().pipeline();
        Clear(false);
        break;
      case v1::DealEvent::kProbabilityOverridden:
        probability = event.probability_overridden().probability_bp();
        is_kept = event.probability_overridden().keep();
        break;
      case v1::DealEvent::kProbabilityCleared:
        probability = -1;
        is_kept = false;
        break;
      case v1::DealEvent::kDetailsChanged:
        organization = event.details_changed().organization();
        break;
      case v1::DealEvent::kAnnotated:
        is_hot = event.annotated().tags_removed().empty();
        break;
      case v1::DealEvent::kCompleted:
        expect(outcome == "won");
        is_completed = true;
        break;
      case v1::DealEvent::kValueChanged:
        expect(outcome != "lost");
        value = event.value_changed().has_value()
                    ? MinorFromMoney(event.value_changed().value(), "").value()
                    : -1;
        break;
      case v1::DealEvent::kAssigned:
        owner = event.assigned().owner();
        break;
      case v1::DealEvent::kWon:
        expect(outcome.empty());
        outcome = "won";
        break;
      case v1::DealEvent::kLost:
        expect(outcome.empty());
        outcome = "lost";
        break;
      case v1::DealEvent::kReopened:
        expect(!outcome.empty());
        outcome = "";
        is_completed = false;
        break;
      default:
        break;
    }
  }
};

class History {
 public:
  explicit History(uint64_t seed) : random_(seed) {
    scenario_.GivenRecord("users/1");
    scenario_.GivenRecord("users/2");
    scenario_.GivenRecord("organizations/1");
    scenario_.GivenRecord("organizations/2");
    Enter("create_deal { name: 'deals/1' }", Pick(2) == 0 ? "2024-03-03" : "2024-03-03T09:00:00Z");
  }

  int Run(int steps) {
    int accepted = 0;
    for (int i = 0; i < steps; ++i) accepted += Enter(RandomCommand(), RandomMoment());
    return accepted;
  }

  // Empty: the past can have been so, and ends as the deal stands.
  std::string Wrong() {
    std::stable_sort(past_.begin() + 1, past_.end(),
                     [](const Happened& a, const Happened& b) { return a.occurred < b.occurred; });
    Story story;
    for (size_t i = 0; i < past_.size(); ++i) {
      const bool belongs = (i + 1 < past_.size() && past_[i + 1].commit == past_[i].commit) ||
                           (i > 0 && past_[i - 1].commit == past_[i].commit);
      story.Tell(past_[i], belongs);
    }
    std::sort(past_.begin(), past_.end(),
              [](const Happened& a, const Happened& b) { return a.position < b.position; });
    const v1::Deal& deal = scenario_.The<v1::Deal>("deals/1");
    const std::string outcome = deal.outcome() == v1::DEAL_OUTCOME_WON    ? "won"
                                : deal.outcome() == v1::DEAL_OUTCOME_LOST ? "lost"
                                                                          : "";
    const int64_t value = deal.has_value() ? MinorFromMoney(deal.value(), "").value() : -1;
    if (deal.stage() != story.stage || deal.pipeline() != story.pipeline ||
        deal.owner() != story.owner || value != story.value || outcome != story.outcome ||
        (deal.has_probability_bp() ? static_cast<int>(deal.probability_bp()) : -1) !=
            story.probability ||
        deal.completed() != story.is_completed || deal.organization() != story.organization ||
        (deal.info().tags_size() == 1) != story.is_hot) {
      absl::StrAppend(&story.wrong, "the deal is ", deal.ShortDebugString(), ", the story ends ",
                      story.pipeline, "/", story.stage, " ", story.owner, " ", story.value, " ",
                      story.outcome, " ", story.probability, " ", story.organization);
    }
    return story.wrong;
  }
  // Commands that appended once more when they were repeated.
  const std::string& Repeated() const { return repeated_; }

 private:
  uint64_t Pick(uint64_t count) { return random_() % count; }

  std::string RandomCommand() {
    static const char* const kCommands[] = {
        "change_deal_stage { deal { name: 'deals/1' } stage: 'potential' }",
        "change_deal_stage { deal { name: 'deals/1' } stage: 'offer' }",
        "change_deal_stage { deal { name: 'deals/1' } stage: 'order' }",
        "change_deal_stage { deal { name: 'deals/1' } stage: 'delivery' }",
        "change_deal_stage { deal { name: 'deals/1' } stage: 'agreed' }",
        "win_deal { deal { name: 'deals/1' } }",
        "win_deal { deal { name: 'deals/1' } value { currency_code: 'ILS' units: 3 } }",
        "lose_deal { deal { name: 'deals/1' } reason: 'price' }",
        "reopen_deal { deal { name: 'deals/1' } }",
        "reopen_deal { deal { name: 'deals/1' } stage: 'order' }",
        "move_deal_to_pipeline { deal { name: 'deals/1' } pipeline: 'plain' }",
        "move_deal_to_pipeline { deal { name: 'deals/1' } pipeline: 'sales' stage: 'offer' }",
        "change_deal_value { deal { name: 'deals/1' } value { currency_code: 'ILS' units: 1 } }",
        "change_deal_value { deal { name: 'deals/1' } value { currency_code: 'ILS' units: 2 } }",
        "override_deal_probability { deal { name: 'deals/1' } probability_bp: 100 }",
        "override_deal_probability { deal { name: 'deals/1' } probability_bp: 200 keep: true }",
        "override_deal_probability { deal { name: 'deals/1' } }",
        "change_deal_stage { deal { name: 'deals/1' } stage: 'order' keep_probability: true }",
        "complete_deal { deal { name: 'deals/1' } }",
        "change_deal_details { deal { name: 'deals/1' } organization { name: 'organizations/1' } }",
        "change_deal_details { deal { name: 'deals/1' } organization { name: 'organizations/2' } }",
        "annotate_record { record { name: 'deals/1' } tags { add: 'hot' } }",
        "annotate_record { record { name: 'deals/1' } tags { remove: 'hot' } }",
        "assign_deal { deal { name: 'deals/1' } owner { name: 'users/1' } }",
        "assign_deal { deal { name: 'deals/1' } owner { name: 'users/2' } }"};
    return kCommands[Pick(std::size(kCommands))];
  }

  // A few days and hours, so that they meet; empty: now.
  std::string RandomMoment() {
    const std::string day = absl::StrCat("2024-03-0", 2 + Pick(6));
    if (Pick(10) == 0) return "";
    return Pick(2) == 0 ? day : absl::StrCat(day, "T0", 7 + Pick(3), ":00:00Z");
  }

  int Enter(const std::string& text, const std::string& moment) {
    v1::Command command = Parse<v1::Command>(text);
    scenario_.now_micros += 1000000;
    if (!moment.empty()) Asked::SetTime(moment, scenario_.calendar, &command);
    const absl::StatusOr<Decision> decision = Decide(command, scenario_.context());
    if (!decision.ok()) return 0;
    ++commit_;
    for (const NewEvent& event : decision->events) {
      scenario_.Commit(event);
      past_.push_back({event.payload.deal(), event.occurred_micros, scenario_.position, commit_});
    }
    if (decision->events.empty()) return 0;
    const absl::StatusOr<Decision> again = Decide(command, scenario_.context());
    if (again.ok() && !again->events.empty())
      absl::StrAppend(&repeated_, command.ShortDebugString(), "; ");
    return 1;
  }

  std::mt19937_64 random_;
  Scenario scenario_;
  std::vector<Happened> past_;
  uint64_t commit_ = 0;
  std::string repeated_;
};

TEST(DealOrderTest, WhateverIsAcceptedCanHaveHappened) {
  int accepted = 0;
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    History history(seed);
    for (int round = 0; round < 5; ++round) {
      accepted += history.Run(10);
      ASSERT_EQ(history.Wrong(), "") << "seed " << seed;
      ASSERT_EQ(history.Repeated(), "") << "seed " << seed;
    }
  }
  EXPECT_GT(accepted, 3000);
}

}  // namespace
}  // namespace recount::domain
