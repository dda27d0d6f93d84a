#include "projections/interval_table.h"

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace recount::projections {
namespace {

std::vector<ColumnDef> Columns() {
  return {{"stage", ColumnKind::kText, "", ""}, {"value", ColumnKind::kMinor, "", ""}};
}

std::vector<uint32_t> RowsOf(const IntervalTable& table, int64_t record) {
  std::vector<uint32_t> rows;
  for (const uint32_t row : table.RowsOf(record)) rows.push_back(row);
  return rows;
}

TEST(DictionaryTest, GivesEachTextOneCodeThatNeverMoves) {
  Dictionary dictionary;
  std::vector<int64_t> codes;
  for (int i = 0; i < 5000; ++i) codes.push_back(dictionary.Intern("text " + std::to_string(i)));
  for (int i = 0; i < 5000; ++i) {
    EXPECT_EQ(dictionary.Intern("text " + std::to_string(i)), codes[i]);
    EXPECT_EQ(dictionary.Text(codes[i]), "text " + std::to_string(i));
  }
  EXPECT_EQ(dictionary.Find("absent"), kNull);
  EXPECT_EQ(dictionary.Find(""), kNull);
  EXPECT_EQ(dictionary.size(), 5000u);
}

TEST(DictionaryTest, KeepsTextsOfEveryLength) {
  Dictionary dictionary;
  std::vector<std::string> texts;
  for (const size_t size : {0, 1, 8191, 8192, 8193, 65536, 200000, 3, 60000}) {
    for (const char letter : {'a', 'b'}) texts.emplace_back(size, size == 0 ? 'a' : letter);
  }
  std::vector<int64_t> codes;
  for (const std::string& text : texts) codes.push_back(dictionary.Intern(text));
  EXPECT_EQ(dictionary.size(), texts.size() - 1);  // the empty one twice
  for (size_t i = 0; i < texts.size(); ++i) {
    EXPECT_EQ(dictionary.Text(codes[i]), texts[i]);
    EXPECT_EQ(dictionary.Find(texts[i]), codes[i]);
  }
}

TEST(DictionaryTest, WhatWasKeptIsFoundOnceItIsIndexed) {
  Dictionary dictionary;
  for (const char* text : {"a", "", "b"}) dictionary.AddKept(text);
  EXPECT_EQ(dictionary.Text(2), "b");
  EXPECT_EQ(dictionary.Find("b"), kNull);
  ASSERT_TRUE(dictionary.IndexKept());
  EXPECT_EQ(dictionary.Find("b"), 2);
  EXPECT_EQ(dictionary.Intern(""), 1);
  EXPECT_EQ(dictionary.Intern("c"), 3);
  dictionary.AddKept("a");
  EXPECT_FALSE(dictionary.IndexKept()) << "one text, two codes";
}

TEST(IntervalTableTest, RestoredRowsAreAsTheyWere) {
  Dictionary dictionary;
  IntervalTable table("deal", {{"stage", ColumnKind::kText, "", ""}, {"minor", ColumnKind::kMinor, "", ""}}, &dictionary);
  const int64_t record = dictionary.Intern("deals/1"), stage = dictionary.Intern("new");
  table.Append(record, 7, 3, 10, 20, {stage, 5});
  table.Append(record, 8, 4, 20, kOpenTime, {kNull, kNull});
  table.Retire(0, 9);
  IntervalTable restored("deal", table.columns(), &dictionary);
  const std::vector<std::vector<int64_t>> columns = {{record, record}, {7, 8}, {3, 4}, {10, 20}, {20, kOpenTime}, {stage, kNull}, {5, kNull}};
  restored.Restore(absl::MakeConstSpan(columns).subspan(0), {6, 0});
  EXPECT_EQ(restored.digest(), table.digest());
  EXPECT_EQ(restored.current_rows(), 1u);
  EXPECT_EQ(restored.until()[0], 9u);
  EXPECT_EQ(restored.until()[1], kOpenPosition);
  std::vector<uint32_t> rows;
  for (const uint32_t row : restored.RowsOf(record)) rows.push_back(row);
  EXPECT_EQ(rows, (std::vector<uint32_t>{0, 1}));
}

TEST(IntervalTableTest, RowsOfARecordComeInTheOrderOfAppending) {
  Dictionary dictionary;
  IntervalTable table("t", Columns(), &dictionary);
  const int64_t one = dictionary.Intern("deals/1"), two = dictionary.Intern("deals/2");
  for (const int64_t record : {one, two, one, one, two}) table.Append(record, 0, 1, 0, 1, {});
  EXPECT_EQ(RowsOf(table, one), (std::vector<uint32_t>{0, 2, 3}));
  EXPECT_EQ(RowsOf(table, two), (std::vector<uint32_t>{1, 4}));
}

TEST(IntervalTableTest, AFrozenCopyStaysAsItWas) {
  Dictionary dictionary;
  IntervalTable table("t", Columns(), &dictionary);
  const int64_t one = dictionary.Intern("deals/1");
  table.Append(one, 0, 1, 0, kOpenTime, {kNull, 7});
  const auto texts = dictionary.Frozen();
  const auto frozen = table.Frozen(texts.get());
  for (int i = 0; i < 1000; ++i) table.Append(dictionary.Intern(absl::StrCat("deals/", i)), 1, 2, 0, kOpenTime, {kNull, 8});
  table.Retire(0, 2);
  table.AddColumn({"later", ColumnKind::kInteger, "", ""});
  EXPECT_EQ(frozen->size(), 1u);
  EXPECT_EQ(RowsOf(*frozen, one), std::vector<uint32_t>{0});
  EXPECT_TRUE(frozen->RowsOf(dictionary.Find("deals/7")).empty());
  EXPECT_TRUE(frozen->BelievedAt(0, 1));
  EXPECT_EQ(frozen->ColumnIndex("later"), -1);
  EXPECT_EQ(frozen->DigestAt(1), frozen->digest());
  EXPECT_EQ(frozen->DigestAt(1), table.DigestAt(1));
  EXPECT_EQ(texts->size(), 1u);
  EXPECT_EQ(texts->Find("deals/7"), kNull);
}

// With a sanitizer of threads this is a proof, without one an attempt.
TEST(IntervalTableTest, FrozenCopiesAreReadWhileTheTableGrows) {
  struct Copy {
    std::unique_ptr<const Dictionary> texts;
    std::unique_ptr<const IntervalTable> table;
  };
  std::mutex mutex;
  std::shared_ptr<const Copy> newest;  // guarded by mutex
  std::atomic<bool> ended = false;
  const auto read = [&] {
    do {
      std::shared_ptr<const Copy> copy;
      {
        std::lock_guard<std::mutex> lock(mutex);
        copy = newest;
      }
      if (copy == nullptr) continue;
      const IntervalTable& table = *copy->table;
      const uint64_t position = table.since()[table.size() - 1];
      EXPECT_EQ(table.DigestAt(position), table.digest());
      size_t linked = 0;
      for (size_t code = 0; code < copy->texts->size(); ++code) {
        EXPECT_EQ(copy->texts->Find(copy->texts->Text(code)), static_cast<int64_t>(code));
        linked += RowsOf(table, code).size();
      }
      EXPECT_EQ(linked, table.size());
    } while (!ended);
  };
  std::thread first(read), second(read);
  {
    Dictionary dictionary;
    IntervalTable table("t", Columns(), &dictionary);
    for (uint64_t position = 1; position <= 2000; ++position) {
      const int64_t record = dictionary.Intern(absl::StrCat("deals/", position * position % 701));
      table.Append(record, 0, position, 0, kOpenTime, {kNull, static_cast<int64_t>(position)});
      if (position % 3 == 0) table.Retire(position / 2, position);
      if (position % 5 != 0) continue;
      auto copy = std::make_shared<Copy>();
      copy->texts = dictionary.Frozen();
      copy->table = table.Frozen(copy->texts.get());
      std::lock_guard<std::mutex> lock(mutex);
      newest = std::move(copy);
    }
  }
  ended = true;  // the copies outlive the table
  first.join();
  second.join();
}

TEST(IntervalTableTest, SpansAreHalfOpenInBothTimes) {
  Dictionary dictionary;
  IntervalTable table("t", Columns(), &dictionary);
  const int64_t record = dictionary.Intern("deals/1");
  const size_t row = table.Append(record, 0, 3, 100, 200, {dictionary.Intern("offer"), 5});
  table.Retire(row, 7);
  EXPECT_FALSE(table.VisibleAt(row, 2, 150));
  EXPECT_TRUE(table.VisibleAt(row, 3, 100));
  EXPECT_TRUE(table.VisibleAt(row, 6, 199));
  EXPECT_FALSE(table.VisibleAt(row, 6, 200));
  EXPECT_FALSE(table.VisibleAt(row, 7, 150));
  EXPECT_EQ(table.current_rows(), 0u);
  EXPECT_EQ(RowsOf(table, record), std::vector<uint32_t>{0});
  EXPECT_TRUE(table.RowsOf(record + 1).empty());
}

TEST(IntervalTableTest, ShorterRowsAndNewColumnsHaveNoValue) {
  Dictionary dictionary;
  IntervalTable table("t", Columns(), &dictionary);
  const int64_t record = dictionary.Intern("deals/1");
  table.Append(record, 0, 1, 0, kOpenTime, {dictionary.Intern("offer")});
  EXPECT_EQ(table.column(1)[0], kNull);
  const absl::uint128 before = table.digest();
  const int added = table.AddColumn({"field.size", ColumnKind::kInteger, "", ""});
  EXPECT_EQ(added, 2);
  EXPECT_EQ(table.ColumnIndex("field.size"), 2);
  EXPECT_EQ(table.ColumnIndex("absent"), -1);
  EXPECT_EQ(table.column(added)[0], kNull);
  EXPECT_EQ(table.digest(), before);
  EXPECT_EQ(table.DigestAt(1), before);
}

TEST(IntervalTableTest, AColumnIsThereFromItsFirstValueOn) {
  Dictionary dictionary;
  IntervalTable table("t", {{"used", ColumnKind::kInteger, "", ""}, {"unused", ColumnKind::kInteger, "", ""}}, &dictionary);
  const int64_t record = dictionary.Intern("deals/1");
  table.Reserve(10, 1);
  for (int64_t i = 0; i < 5; ++i) table.Append(record, 0, 1, 0, kOpenTime, {i});
  const auto before = table.Frozen(&dictionary);
  EXPECT_TRUE(table.column(1).is_nothing());
  table.Append(record, 0, 2, 0, kOpenTime, {5, 50});
  table.Append(record, 0, 3, 0, kOpenTime, {6});
  EXPECT_FALSE(table.column(1).is_nothing());
  EXPECT_EQ(table.column(1).size(), 7u);
  for (size_t row = 0; row < 7; ++row) EXPECT_EQ(table.column(1)[row], row == 5 ? 50 : kNull);
  EXPECT_TRUE(before->column(1).is_nothing());
  EXPECT_EQ(before->column(1).size(), 5u);
  EXPECT_EQ(before->column(1)[4], kNull);
  EXPECT_EQ(before->digest(), before->DigestAt(1));
  EXPECT_EQ(table.digest(), table.DigestAt(3));
  // Restored, with values here and there.
  IntervalTable again("t", {{"used", ColumnKind::kInteger, "", ""}, {"unused", ColumnKind::kInteger, "", ""}}, &dictionary);
  const std::vector<int64_t> zeros(3, 0), ones(3, 1), open(3, kOpenTime);
  const std::vector<int64_t> codes(3, record);
  again.Restore({{codes, zeros, ones, zeros, open, ones, {}}}, {{0, 0, 0}});
  EXPECT_TRUE(again.column(1).is_nothing());
  again.Restore({{codes, zeros, ones, zeros, open, {}, ones}}, {{0, 0, 0}});
  again.Restore({{codes, zeros, ones, zeros, open, {}, {}}}, {{0, 0, 0}});
  EXPECT_EQ(again.size(), 9u);
  for (size_t row = 0; row < 9; ++row) {
    EXPECT_EQ(again.column(0)[row], row < 3 ? 1 : kNull);
    EXPECT_EQ(again.column(1)[row], row >= 3 && row < 6 ? 1 : kNull);
  }
  EXPECT_EQ(again.digest(), again.DigestAt(1));
}

// The same facts in another order, with other codes and with columns in another order.
TEST(IntervalTableTest, DigestIsOfValuesNotOfCodesOrOrder) {
  Dictionary first, second;
  second.Intern("something else");
  IntervalTable one("t", Columns(), &first);
  IntervalTable two("t", {{"value", ColumnKind::kMinor, "", ""}, {"stage", ColumnKind::kText, "", ""}}, &second);
  one.Append(first.Intern("deals/1"), 0, 1, 0, kOpenTime, {first.Intern("offer"), 10});
  one.Append(first.Intern("deals/2"), 0, 2, 0, kOpenTime, {first.Intern("order"), 20});
  two.Append(second.Intern("deals/2"), 0, 2, 0, kOpenTime, {20, second.Intern("order")});
  EXPECT_NE(one.digest(), two.digest());
  two.Append(second.Intern("deals/1"), 0, 1, 0, kOpenTime, {10, second.Intern("offer")});
  EXPECT_EQ(one.digest(), two.digest());
}

TEST(IntervalTableTest, EveryPartOfARowChangesTheDigest) {
  auto digest = [](std::string subject, std::string record, int64_t item, uint64_t since, int64_t from, int64_t to,
                   std::string stage, int64_t value, uint64_t until) {
    Dictionary dictionary;
    IntervalTable table(subject, Columns(), &dictionary);
    table.Append(dictionary.Intern(record), item, since, from, to, {dictionary.Intern(stage), value});
    if (until != 0) table.Retire(0, until);
    return table.digest();
  };
  const absl::uint128 base = digest("t", "deals/1", 0, 1, 10, 20, "offer", 5, 0);
  EXPECT_EQ(base, digest("t", "deals/1", 0, 1, 10, 20, "offer", 5, 0));
  EXPECT_NE(base, digest("u", "deals/1", 0, 1, 10, 20, "offer", 5, 0));
  EXPECT_NE(base, digest("t", "deals/2", 0, 1, 10, 20, "offer", 5, 0));
  EXPECT_NE(base, digest("t", "deals/1", 1, 1, 10, 20, "offer", 5, 0));
  EXPECT_NE(base, digest("t", "deals/1", 0, 2, 10, 20, "offer", 5, 0));
  EXPECT_NE(base, digest("t", "deals/1", 0, 1, 11, 20, "offer", 5, 0));
  EXPECT_NE(base, digest("t", "deals/1", 0, 1, 10, 21, "offer", 5, 0));
  EXPECT_NE(base, digest("t", "deals/1", 0, 1, 10, 20, "order", 5, 0));
  EXPECT_NE(base, digest("t", "deals/1", 0, 1, 10, 20, "offer", 6, 0));
  EXPECT_NE(base, digest("t", "deals/1", 0, 1, 10, 20, "offer", 5, 9));
}

TEST(IntervalTableTest, DigestOfAPastPositionIsTheOneThatWasKeptThen) {
  Dictionary dictionary;
  IntervalTable table("t", Columns(), &dictionary);
  const int64_t record = dictionary.Intern("deals/1");
  std::vector<absl::uint128> kept = {table.digest()};
  for (uint64_t position = 1; position <= 40; ++position) {
    if (position > 1) table.Retire(position - 2, position);
    table.Append(record, 0, position, static_cast<int64_t>(position), kOpenTime, {kNull, static_cast<int64_t>(position)});
    kept.push_back(table.digest());
  }
  for (uint64_t position = 0; position <= 40; ++position) EXPECT_EQ(table.DigestAt(position), kept[position]) << position;
}

TEST(IntervalTableTest, NamesBlocksOfRetiredRowsOnce) {
  Dictionary dictionary;
  IntervalTable table("t", Columns(), &dictionary);
  const int64_t record = dictionary.Intern("deals/1");
  for (size_t i = 0; i < 3 * IntervalTable::kUntilBlock; ++i) table.Append(record, i, 1, 0, kOpenTime, {});
  table.Retire(2 * IntervalTable::kUntilBlock, 2);
  table.Retire(0, 2);
  table.Retire(1, 2);
  EXPECT_EQ(table.TakeRetiredBlocks(), (std::vector<uint32_t>{0, 2}));
  EXPECT_TRUE(table.TakeRetiredBlocks().empty());
}

}  // namespace
}  // namespace recount::projections
