#include "projections/row_indexes.h"

#include <algorithm>
#include <atomic>
#include <memory>
#include <mutex>
#include <random>
#include <string>
#include <thread>

#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "projections/interval_table.h"

namespace recount::projections {
namespace {

using ::testing::IsEmpty;
using ::testing::Le;

constexpr int64_t kDayMicros = 86400000000;
constexpr int kWhen = 0, kDay = 1, kText = 2;

std::vector<ColumnDef> Columns() {
  return {{"when", ColumnKind::kTime, "", ""}, {"day", ColumnKind::kDay, "", ""}, {"text", ColumnKind::kText, "", ""}};
}

// A table under way, and what a scan says.
class RandomTable {
 public:
  explicit RandomTable(uint64_t seed) : random_(seed) {
    for (int i = 0; i < 40; ++i) records_.push_back(dictionary_.Intern(absl::StrCat("deals/", i)));
  }

  // A change of a record: what it was is ended, and what it is begins.
  void Change() {
    ++position_;
    now_ += Any(3) * kDayMicros;
    const int64_t record = records_[Any(records_.size())];
    for (const uint32_t row : table_.RowsOf(record)) {
      if (table_.until()[row] != kOpenPosition || table_.valid_to()[row] != kOpenTime) continue;
      // Entered late, now and then.
      const int64_t at = std::max(table_.valid_from()[row], now_ - (Any(4) == 0 ? Any(40) * kDayMicros : 0));
      const std::vector<int64_t> was = ValuesOf(row);
      table_.Retire(row, position_);
      if (table_.valid_from()[row] < at) table_.Append(record, 0, position_, table_.valid_from()[row], at, was);
      table_.Append(record, 0, position_, at, kOpenTime, AnyValues());
      return;
    }
    table_.Append(record, 0, position_, now_, kOpenTime, AnyValues());
  }

  int64_t Any(size_t below) { return static_cast<int64_t>(random_() % below); }
  RowMoment AnyMoment() {
    const bool present = Any(2) == 0;
    return {present ? position_ : static_cast<uint64_t>(Any(position_ + 1)), present ? now_ : Any(now_ + 2)};
  }
  const IntervalTable& table() const { return table_; }
  const std::vector<int64_t>& records() const { return records_; }
  const Dictionary& dictionary() const { return dictionary_; }
  RowMoment now() const { return {position_, now_}; }

 private:
  std::vector<int64_t> AnyValues() {
    std::vector<int64_t> values = {Any(500) * kDayMicros - 100 * kDayMicros, Any(400) - 100, Any(4)};
    for (int64_t& value : values) {
      if (Any(5) == 0) value = kNull;
    }
    return values;
  }
  std::vector<int64_t> ValuesOf(uint32_t row) const {
    return {table_.column(kWhen)[row], table_.column(kDay)[row], table_.column(kText)[row]};
  }

  std::mt19937_64 random_;
  Dictionary dictionary_;
  IntervalTable table_{"deal", Columns(), &dictionary_};
  std::vector<int64_t> records_;
  uint64_t position_ = 0;
  int64_t now_ = 0;
};

std::vector<uint32_t> Scanned(const IntervalTable& table, int column, int64_t least, int64_t greatest, RowMoment moment) {
  std::vector<uint32_t> rows;
  for (uint32_t row = 0; row < table.size(); ++row) {
    const int64_t value = table.column(column)[row];
    if (table.VisibleAt(row, moment.position, moment.valid_at) && least <= value && value <= greatest) rows.push_back(row);
  }
  return rows;
}

std::vector<uint32_t> Found(const IntervalTable& table, int column, int64_t least, int64_t greatest, RowMoment moment) {
  std::vector<uint32_t> rows;
  table.indexes().Find(table, column, least, greatest, moment, &rows);
  std::sort(rows.begin(), rows.end());
  return rows;
}

// All rows, of the present and others.
std::vector<uint32_t> FoundApart(const IntervalTable& table, RowMoment moment) {
  const auto present = table.indexes().Present(table, moment);
  std::vector<uint32_t> rows;
  table.indexes().Others(table, present.get(), moment, &rows);
  for (size_t place = 0; present != nullptr && place < present->size(); ++place) {
    if (present->VisibleAt(place, moment)) rows.push_back(present->row(place));
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

// Of what FindApart() leads to, the rows in the range.
std::vector<uint32_t> FoundInPlaces(const IntervalTable& table, int column, int64_t least, int64_t greatest, RowMoment moment) {
  const auto present = table.indexes().Present(table, moment);
  if (present == nullptr) return Found(table, column, least, greatest, moment);
  std::vector<uint32_t> places, rows;
  table.indexes().FindApart(table, *present, column, least, greatest, moment, &places, &rows);
  for (const uint32_t place : places) {
    const int64_t value = present->Column(table, column)[place];
    EXPECT_TRUE(present->VisibleAt(place, moment));
    if (least <= value && value <= greatest) rows.push_back(present->row(place));
  }
  std::sort(rows.begin(), rows.end());
  return rows;
}

void ExpectInPlace(const IntervalTable& table, RowMoment moment) {
  const auto present = table.indexes().Present(table, moment);
  if (present == nullptr) return;
  for (uint32_t place = 0; place < present->size(); ++place) {
    const uint32_t row = present->row(place);
    if (!present->is_past()) {
      EXPECT_EQ(present->PlaceOf(row), place);
    }
    EXPECT_EQ(present->record(place), table.record()[row]);
    EXPECT_EQ(present->Items(table)[place], table.item()[row]);
    for (const int column : {kWhen, kDay, kText}) EXPECT_EQ(present->Column(table, column)[place], table.column(column)[row]);
    const uint32_t first = present->FirstOf(present->record(place));
    EXPECT_LE(first, place);
    EXPECT_TRUE(first == 0 || present->record(first - 1) < present->record(place));
    EXPECT_TRUE(place == 0 || present->record(place - 1) < present->record(place) || present->row(place - 1) < row);
  }
}

void ExpectAsScanned(RandomTable* random, const IntervalTable& table, RowMoment moment) {
  const int column = static_cast<int>(random->Any(3));
  const int64_t unit = column == kWhen ? kDayMicros : 1;
  const int64_t least = random->Any(4) == 0 ? kNull + 2 : (random->Any(500) - 100) * unit;
  const int64_t greatest = random->Any(4) == 0 ? kOpenTime : least + random->Any(100) * unit;
  EXPECT_EQ(Found(table, column, least, greatest, moment), Scanned(table, column, least, greatest, moment));
  EXPECT_EQ(FoundInPlaces(table, column, least, greatest, moment), Scanned(table, column, least, greatest, moment));
  EXPECT_EQ(FoundInPlaces(table, column, kNull, kNull, moment), Scanned(table, column, kNull, kNull, moment));
  EXPECT_THAT(Found(table, column, greatest, least - 1, moment), IsEmpty());
  EXPECT_EQ(Found(table, column, kNull, kNull, moment), Scanned(table, column, kNull, kNull, moment));
  std::vector<uint32_t> all;
  table.indexes().All(table, moment, &all);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(all, Scanned(table, column, kNull, kOpenTime, moment));
  EXPECT_EQ(FoundApart(table, moment), all);
  std::vector<uint32_t> of_records;
  table.indexes().RowsOf(table, random->records(), moment, &of_records);
  of_records.erase(std::remove(of_records.begin(), of_records.end(), UINT32_MAX), of_records.end());
  std::sort(of_records.begin(), of_records.end());
  EXPECT_EQ(of_records, all);
}

TEST(RowIndexesTest, AnyRangeAtAnyMomentIsWhatAScanFinds) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  RandomTable random(seed);
  for (int step = 0; step < 3000 && !::testing::Test::HasFailure(); ++step) {
    random.Change();
    if (step % 7 == 0) ExpectAsScanned(&random, random.table(), random.AnyMoment());
    if (step % 50 == 0) ExpectInPlace(random.table(), random.now());
  }
}

bool LieSideBySide(const IntervalTable& table, RowMoment moment) {
  const auto present = table.indexes().Present(table, moment);
  return present != nullptr && present->is_past() && present->AreThoseOf(moment);
}

void AskUntilSideBySide(const IntervalTable& table, RowMoment moment) {
  for (int i = 0; i < 1000 && !LieSideBySide(table, moment); ++i) FoundApart(table, moment);
  ASSERT_TRUE(LieSideBySide(table, moment));
}

TEST(RowIndexesTest, MomentsOfThePastThatAreAskedOftenAreWhatAScanFindsWhileTheTableGrows) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  RandomTable random(seed);
  for (int i = 0; i < 300; ++i) random.Change();
  // A position, a time as it is known, and a time as it was known.
  const RowMoment then = random.now();
  for (int i = 0; i < 700; ++i) random.Change();
  const int64_t day = random.now().valid_at / 2;
  int side_by_side = 0;
  for (int step = 0; step < 2000 && !::testing::Test::HasFailure(); ++step) {
    const RowMoment moments[] = {then, {random.now().position, day}, {then.position, then.valid_at / 2}};
    const RowMoment moment = moments[random.Any(3)];
    side_by_side += LieSideBySide(random.table(), moment);
    ExpectAsScanned(&random, random.table(), moment);
    if (step % 20 == 0) ExpectInPlace(random.table(), moment);
    random.Change();
  }
  EXPECT_GT(side_by_side, 500);
}

TEST(RowIndexesTest, WhatIsRetiredOrComesLaterIsSeenBesideTheRowsOfATime) {
  RandomTable random(5);
  for (int i = 0; i < 500; ++i) random.Change();
  const RowMoment then = random.now();
  const int64_t day = then.valid_at - 20 * kDayMicros;
  AskUntilSideBySide(random.table(), {then.position, day});
  const auto rows = random.table().indexes().Present(random.table(), {then.position, day});
  EXPECT_TRUE(rows->AllVisibleAt({then.position, day}));
  for (int i = 0; i < 400; ++i) random.Change();  // some of them about times before the day
  const RowMoment now = {random.now().position, day};
  ASSERT_TRUE(rows->AreThoseOf(now));
  rows->SeeRetired(random.table());
  EXPECT_FALSE(rows->AllVisibleAt(now));
  EXPECT_TRUE(rows->AllVisibleAt({then.position, day})) << "what was known then does not change";
  EXPECT_EQ(FoundApart(random.table(), now), Scanned(random.table(), kWhen, kNull, kOpenTime, now));
}

TEST(RowIndexesTest, RowsOfAPastMomentAreNotPutTogetherAgainAndThoseOfATimeWhereTheTableGrew) {
  RandomTable random(6);
  for (int i = 0; i < 500; ++i) random.Change();
  const RowMoment then = {random.now().position / 2, random.now().valid_at / 2};
  AskUntilSideBySide(random.table(), then);
  AskUntilSideBySide(random.table(), {random.now().position, then.valid_at});
  for (int i = 0; i < 3000; ++i) random.Change();
  EXPECT_TRUE(LieSideBySide(random.table(), then));
  EXPECT_FALSE(LieSideBySide(random.table(), {random.now().position, then.valid_at}));
  AskUntilSideBySide(random.table(), {random.now().position, then.valid_at});
}

TEST(RowIndexesTest, OnlyTheMomentsThatWereAskedForLastAreKept) {
  RandomTable random(7);
  for (int i = 0; i < 500; ++i) random.Change();
  std::vector<RowMoment> moments;
  for (uint64_t i = 1; i <= PastMoments::kMostKept + 1; ++i) moments.push_back({random.now().position - 50 * i, random.now().valid_at});
  for (size_t i = 0; i < PastMoments::kMostKept; ++i) AskUntilSideBySide(random.table(), moments[i]);
  EXPECT_TRUE(LieSideBySide(random.table(), moments[0]));
  AskUntilSideBySide(random.table(), moments.back());
  EXPECT_TRUE(LieSideBySide(random.table(), moments[0]));
  EXPECT_FALSE(LieSideBySide(random.table(), moments[1]));
}

TEST(RowIndexesTest, ACopyFindsWhatItHasHoweverFarTheIndexWent) {
  const uint64_t seed = std::random_device{}();
  SCOPED_TRACE(absl::StrCat("seed ", seed));
  RandomTable random(seed);
  for (int i = 0; i < 400; ++i) random.Change();
  const RowMoment then = random.now();
  const auto texts = random.dictionary().Frozen();
  const auto copy = random.table().Frozen(texts.get());
  for (int i = 0; i < 2000; ++i) random.Change();
  for (int i = 0; i < 40; ++i) ExpectAsScanned(&random, random.table(), random.now());
  for (int i = 0; i < 200 && !::testing::Test::HasFailure(); ++i) ExpectAsScanned(&random, *copy, then);
  // What lies side by side by now has rows that the copy does not know.
  EXPECT_NE(random.table().indexes().Present(random.table(), random.now()), nullptr);
  EXPECT_EQ(copy->indexes().Present(*copy, {then.position - 1, then.valid_at}), nullptr);
  // And the other way round: the copy's question does not hide what came later.
  ExpectAsScanned(&random, random.table(), random.now());
}

// What the readers of a table under way see.
struct Copy {
  std::unique_ptr<const Dictionary> texts;
  std::unique_ptr<const IntervalTable> table;
  RowMoment moment;
};

TEST(RowIndexesTest, CopiesAreAskedWhileTheTableGrows) {
  RandomTable random(11);
  std::mutex mutex;
  std::shared_ptr<const Copy> newest;
  const auto change = [&] {
    for (int i = 0; i < 20; ++i) random.Change();
    auto copy = std::make_shared<Copy>(Copy{random.dictionary().Frozen(), nullptr, random.now()});
    copy->table = random.table().Frozen(copy->texts.get());
    std::lock_guard lock(mutex);
    newest = std::move(copy);
  };
  change();
  std::atomic<bool> done = false;
  std::atomic<int> differences = 0;
  const auto read = [&] {
    while (!done) {
      std::shared_ptr<const Copy> copy;
      {
        std::lock_guard lock(mutex);
        copy = newest;
      }
      for (const int column : {kWhen, kDay}) {
        const int64_t greatest = column == kWhen ? 200 * kDayMicros : 200;
        differences += Found(*copy->table, column, 0, greatest, copy->moment) != Scanned(*copy->table, column, 0, greatest, copy->moment);
      }
      const RowMoment half = {copy->moment.position, copy->moment.valid_at / 2}, third = {20, 20 * kDayMicros};
      for (const RowMoment moment : {copy->moment, half, half, third, third}) {
        differences += FoundApart(*copy->table, moment) != Scanned(*copy->table, kWhen, kNull, kOpenTime, moment);
      }
      std::vector<uint32_t> rows;
      copy->table->indexes().RowsOf(*copy->table, random.records(), copy->moment, &rows);
    }
  };
  std::thread first(read), second(read);
  for (int i = 0; i < 100; ++i) change();
  done = true;
  first.join();
  second.join();
  EXPECT_EQ(differences, 0);
}

TEST(RowIndexesTest, NeitherOtherYearsNorThePastAreLookedAt) {
  RandomTable random(7);
  for (int i = 0; i < 20000; ++i) random.Change();
  const IntervalTable& table = random.table();
  std::vector<uint32_t> rows;
  ASSERT_GT(table.size(), 20000u);
  EXPECT_THAT(table.indexes().All(table, random.now(), &rows), Le(2 * 64 + 2 * random.records().size()));
  // Of one in 500 days, and what shares its bucket.
  EXPECT_THAT(table.indexes().Find(table, kWhen, 0, kDayMicros - 1, random.now(), &rows), Le(2 * 64));
  // Two thirds back: one block of each size.
  const RowMoment then = {random.now().position / 3, random.now().valid_at / 3};
  EXPECT_THAT(table.indexes().All(table, then, &rows), Le(table.size() / 20));
}

TEST(RowIndexesTest, OnlyWhatHoldsLiesSideBySide) {
  RandomTable random(7);
  std::vector<uint32_t> rows;
  for (int i = 0; i < 2000; ++i) {
    random.Change();
    if (i == 1970) random.table().indexes().All(random.table(), random.now(), &rows);
  }
  const auto present = random.table().indexes().Present(random.table(), random.now());
  ASSERT_NE(present, nullptr);
  EXPECT_EQ(present->size(), random.records().size());
}

TEST(RowIndexesTest, WhatCameLaterOrBeginsLaterIsNotAllVisible) {
  Dictionary dictionary;
  IntervalTable table("deal", Columns(), &dictionary);
  const std::vector<int64_t> values = {5, 1, kNull};
  for (uint64_t i = 1; i <= 3; ++i) {
    table.Append(dictionary.Intern(absl::StrCat("deals/", i)), 0, i, static_cast<int64_t>(10 * i), kOpenTime, values);
  }
  const auto present = table.indexes().Present(table, {3, 30});
  ASSERT_NE(present, nullptr);
  EXPECT_TRUE(present->AllVisibleAt({3, 30}));
  for (const RowMoment moment : {RowMoment{2, 30}, RowMoment{3, 29}}) {
    EXPECT_FALSE(present->AllVisibleAt(moment));
    EXPECT_EQ(FoundInPlaces(table, kWhen, 5, 5, moment), (std::vector<uint32_t>{0, 1}));
  }
}

TEST(RowIndexesTest, AnEmptyTableHasNothing) {
  Dictionary dictionary;
  IntervalTable table("deal", Columns(), &dictionary);
  std::vector<uint32_t> rows;
  EXPECT_EQ(table.indexes().All(table, {0, 0}, &rows), 0u);
  EXPECT_EQ(table.indexes().Find(table, 0, kNull + 1, kOpenTime, {0, 0}, &rows), 0u);
  table.indexes().RowsOf(table, std::vector<int64_t>{0, kNull}, {0, 0}, &rows);
  EXPECT_EQ(rows, (std::vector<uint32_t>{UINT32_MAX, UINT32_MAX}));
  EXPECT_THAT(Found(table, 0, kNull, kNull, {0, 0}), IsEmpty());
}

}  // namespace
}  // namespace recount::projections
