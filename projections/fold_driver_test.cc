#include "projections/fold_driver.h"

#include <map>
#include <memory>
#include <string>
#include <tuple>
#include <vector>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/test_history.h"

namespace recount::projections {
namespace {

using eventstore::Direction;
using eventstore::StoredCommit;

std::vector<StoredCommit> CommitsOf(eventstore::EventLog* log) {
  std::vector<StoredCommit> commits;
  EXPECT_TRUE(log->ReadCommits(kTestTenant, 0, Direction::kForward, [&](const StoredCommit& commit) {
                   commits.push_back(commit);
                   return true;
                 }).ok());
  return commits;
}

std::unique_ptr<FactTables> FoldAll(eventstore::EventLog* log, const std::vector<Subject>& subjects,
                                    size_t state_limit = 1000) {
  auto tables = std::make_unique<FactTables>(subjects, 1);
  FoldDriver driver(tables.get(), log, kTestTenant, state_limit);
  for (const StoredCommit& commit : CommitsOf(log)) {
    absl::Status applied = driver.Apply(commit);
    EXPECT_TRUE(applied.ok()) << applied;
  }
  return tables;
}

// ---- The slow and obvious model: at every commit, fold each stream from nothing; a row is a span that is believed in a run of
// commits. It shares nothing with the driver but the folds.

struct ModelSpan {
  int64_t item;
  int64_t from;
  int64_t to;
  std::vector<int64_t> values;
  auto operator<=>(const ModelSpan&) const = default;
};

class ModelSink : public RowSink {
 public:
  void Put(int64_t item, absl::Span<const int64_t> values) override {
    std::vector<int64_t> all(values.begin(), values.end());
    while (!all.empty() && all.back() == kNull) all.pop_back();
    facts[item] = all;
  }
  std::map<int64_t, std::vector<int64_t>> facts;
};

struct ModelEvent {
  uint64_t position, commit_position;
  int64_t recorded_micros;
  storage::v1::StoredEvent stored;
  v1::EventPayload payload;
};

std::vector<ModelSpan> FoldFromNothing(const Subject& subject, FactColumns* columns, std::vector<ModelEvent> events) {
  std::sort(events.begin() + 1, events.end(), [](const ModelEvent& a, const ModelEvent& b) {
    return std::make_pair(a.stored.occurred_micros(), a.position) < std::make_pair(b.stored.occurred_micros(), b.position);
  });
  std::unique_ptr<Fold> fold = subject.make_fold(columns);
  std::vector<ModelSpan> spans;
  std::map<int64_t, std::pair<int64_t, std::vector<int64_t>>> open;  // item -> since when, values
  const int64_t created = events.front().stored.occurred_micros();
  for (const ModelEvent& event : events) {
    fold->Apply({event.position, event.commit_position, event.stored.occurred_micros(),
                 static_cast<v1::Precision>(event.stored.precision()), event.recorded_micros, &event.payload});
    ModelSink sink;
    fold->Emit(sink);
    const int64_t time = std::max(created, event.stored.occurred_micros());
    for (auto it = open.begin(); it != open.end();) {
      auto now = sink.facts.find(it->first);
      if (now != sink.facts.end() && now->second == it->second.second) {
        ++it;
        continue;
      }
      if (it->second.first < time) spans.push_back({it->first, it->second.first, time, it->second.second});
      it = open.erase(it);
    }
    for (const auto& [item, values] : sink.facts) open.try_emplace(item, time, values);
  }
  for (const auto& [item, fact] : open) spans.push_back({item, fact.first, kOpenTime, fact.second});
  return spans;
}

std::unique_ptr<FactTables> Model(eventstore::EventLog* log, const std::vector<Subject>& subjects) {
  auto tables = std::make_unique<FactTables>(subjects, 1);
  std::map<std::string, std::vector<ModelEvent>> streams;
  std::map<std::pair<size_t, std::string>, std::map<ModelSpan, size_t>> believed;  // span -> row
  for (const StoredCommit& commit : CommitsOf(log)) {
    std::map<std::string, bool> touched;
    for (int i = 0; i < commit.record.events_size(); ++i) {
      ModelEvent event{commit.first_position + i, commit.last_position, commit.record.recorded_micros(),
                       commit.record.events(i), {}};
      domain::MutableEvent(event.stored.type(), &event.payload)->ParseFromString(event.stored.payload());
      streams[event.stored.stream()].push_back(event);
      touched[event.stored.stream()] = true;
    }
    for (const auto& [stream, unused] : touched) {
      for (size_t s = 0; s < subjects.size(); ++s) {
        if (domain::CollectionOf(stream) != subjects[s].collection) continue;
        FactTables::Entry& entry = tables->entries[s];
        std::map<ModelSpan, size_t>& rows = believed[{s, stream}];
        std::map<ModelSpan, size_t> now;
        for (const ModelSpan& span : FoldFromNothing(subjects[s], entry.columns.get(), streams[stream])) now[span] = 0;
        for (const auto& [span, row] : rows) {
          if (now.count(span) == 0) entry.table->Retire(row, commit.last_position);
        }
        for (auto& [span, row] : now) {
          auto known = rows.find(span);
          row = known != rows.end() ? known->second
                                    : entry.table->Append(tables->dictionary.Intern(stream), span.item, commit.last_position,
                                                          span.from, span.to, span.values);
        }
        rows = now;
      }
    }
  }
  return tables;
}

void ExpectSameTables(const FactTables& one, const FactTables& two) {
  ASSERT_EQ(one.entries.size(), two.entries.size());
  for (size_t i = 0; i < one.entries.size(); ++i) {
    SCOPED_TRACE(one.entries[i].subject->id);
    EXPECT_EQ(RowsAsText(*one.entries[i].table), RowsAsText(*two.entries[i].table));
    EXPECT_EQ(FormatDigest(one.entries[i].table->digest()), FormatDigest(two.entries[i].table->digest()));
  }
}

bool SameDigests(const FactTables& one, const FactTables& two) {
  for (size_t i = 0; i < one.entries.size(); ++i) {
    if (one.entries[i].table->digest() != two.entries[i].table->digest()) return false;
  }
  return true;
}

// ---- The example of the design: three times of March, number by number. ----

int64_t March(int day) { return int64_t{domain::DayFromCivil(2026, 3, day)} * kDayMicros; }

TEST(FoldDriverTest, ExampleOfTheDesignGivesItsNineRows) {
  auto log = eventstore::NewMemoryEventLog();
  AppendCommit(log.get(), {{"deals/7", "deal { created { pipeline: 'sales' stage: 'potential' owner: 'users/ann' "
                                       "value { currency_code: 'ILS' units: 30000 } } }", March(1)}}, March(1));
  AppendCommit(log.get(), {{"deals/7", "deal { stage_changed { stage: 'offer' } }", March(5)}}, March(5));
  AppendCommit(log.get(), {{"rules/probabilities", "rule { published { rule { content { probabilities { probabilities { "
                                                   "pipeline: 'sales' stage: 'offer' probability_bp: 2500 } } } "
                                                   "effective_from { year: 2026 month: 3 day: 10 } } } }", March(8)}}, March(8));
  AppendCommit(log.get(), {{"deals/7", "deal { stage_changed { stage: 'order' } }", March(10)}}, March(10));
  AppendCommit(log.get(), {{"deals/7", "deal { value_changed { value { currency_code: 'ILS' units: 33000 } } }", March(3)}},
               March(12));
  std::unique_ptr<FactTables> tables = FoldAll(log.get(), AllSubjects());
  const IntervalTable& table = *tables->Find("deal_state")->table;
  const int stage = table.ColumnIndex("stage");
  const int value = table.ColumnIndex("value");
  std::vector<std::string> rows;
  for (size_t row = 0; row < table.size(); ++row) {
    auto day = [](int64_t time) { return time == kOpenTime ? "open" : domain::FormatDay(static_cast<int32_t>(time / kDayMicros)); };
    rows.push_back(absl::StrCat(tables->dictionary.Text(table.column(stage)[row]), " ", table.column(value)[row] / 100, " ",
                                table.since()[row], " ",
                                table.until()[row] == kOpenPosition ? "open" : absl::StrCat(table.until()[row]), " ",
                                day(table.valid_from()[row]), " ", day(table.valid_to()[row])));
  }
  EXPECT_THAT(rows, testing::UnorderedElementsAre(
                        "potential 30000 1 2 2026-03-01 open",
                        "potential 30000 2 5 2026-03-01 2026-03-05",
                        "offer 30000 2 4 2026-03-05 open",
                        "offer 30000 4 5 2026-03-05 2026-03-10",
                        "order 30000 4 5 2026-03-10 open",
                        "potential 30000 5 open 2026-03-01 2026-03-03",
                        "potential 33000 5 open 2026-03-03 2026-03-05",
                        "offer 33000 5 open 2026-03-05 2026-03-10",
                        "order 33000 5 open 2026-03-10 open"));
  EXPECT_EQ(tables->position, 5u);
  EXPECT_EQ(tables->rulebook.position(), 3u);
}

TEST(FoldDriverTest, RandomHistoriesGiveTheRowsOfTheModel) {
  for (uint32_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(absl::StrCat("seed ", seed));
    auto log = RandomLog(seed, 100);
    auto model = Model(log.get(), AllSubjects());
    ExpectSameTables(*FoldAll(log.get(), AllSubjects()), *model);
    ExpectSameTables(*FoldAll(log.get(), AllSubjects(), 2), *model);  // nearly no state in memory
    if (HasFailure()) break;
  }
}

TEST(FoldDriverTest, RowsOfAPastPositionAreThoseOfALogThatEndsThere) {
  auto whole_log = RandomLog(99, 80);
  auto whole = FoldAll(whole_log.get(), AllSubjects());
  auto part_log = RandomLog(99, 50);
  auto part = FoldAll(part_log.get(), AllSubjects());
  for (size_t i = 0; i < whole->entries.size(); ++i) {
    EXPECT_EQ(RowsAsText(*whole->entries[i].table, part->position), RowsAsText(*part->entries[i].table, part->position));
    EXPECT_EQ(whole->entries[i].table->DigestAt(part->position), part->entries[i].table->digest());
  }
}

// Wrong on purpose: counts in a state that outlives the fold, so that folding a stream anew gives something else.
class CanaryFold : public Fold {
 public:
  explicit CanaryFold(FactColumns*) {}
  void Apply(const FoldEvent&) override { ++applied; }
  void Emit(RowSink& sink) const override { sink.Put(0, {applied % 3}); }

  static inline int64_t applied = 0;
};

TEST(FoldDriverTest, CatchesAFoldThatIsWrongOnPurpose) {
  const std::vector<Subject> subjects = {
      {"canary", "deals", "", {{"applied", ColumnKind::kInteger, "", ""}}, {},
       [](FactColumns* columns) -> std::unique_ptr<Fold> { return std::make_unique<CanaryFold>(columns); }}};
  auto log = RandomLog(5, 120);
  auto folded = FoldAll(log.get(), subjects);
  auto model = Model(log.get(), subjects);
  EXPECT_FALSE(SameDigests(*folded, *model));
}

TEST(FoldDriverTest, RefusesAGapAndAnUnknownType) {
  auto log = RandomLog(3, 5);
  FactTables tables(AllSubjects(), 1);
  FoldDriver driver(&tables, log.get(), kTestTenant);
  std::vector<StoredCommit> commits = CommitsOf(log.get());
  EXPECT_EQ(driver.Apply(commits[1]).code(), absl::StatusCode::kDataLoss);
  commits[0].record.mutable_events(0)->set_type(6 << 16 | 999);
  EXPECT_EQ(driver.Apply(commits[0]).code(), absl::StatusCode::kDataLoss);
}

TEST(FoldDriverTest, FoldsInOrderWithoutReadingBack) {
  auto log = eventstore::NewMemoryEventLog();
  AppendCommit(log.get(), {{"deals/1", "deal { created { pipeline: 'p' stage: 'a' } }", 10}}, 10);
  AppendCommit(log.get(), {{"deals/1", "deal { stage_changed { stage: 'b' } }", 20}}, 20);
  AppendCommit(log.get(), {{"deals/1", "deal { stage_changed { stage: 'c' } }", 20}}, 21);
  FactTables tables(AllSubjects(), 1);
  FoldDriver driver(&tables, log.get(), kTestTenant);
  for (const StoredCommit& commit : CommitsOf(log.get())) ASSERT_TRUE(driver.Apply(commit).ok());
  EXPECT_EQ(driver.refolds(), 0u);
  AppendCommit(log.get(), {{"deals/1", "deal { stage_changed { stage: 'd' } }", 15}}, 22);
  ASSERT_TRUE(driver.Apply(CommitsOf(log.get()).back()).ok());
  EXPECT_EQ(driver.refolds(), 1u);
}

}  // namespace
}  // namespace recount::projections
