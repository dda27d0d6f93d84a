#include "tools/import/csv_reader.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::tools {
namespace {

using Rows = std::vector<std::vector<std::string>>;

struct Parsed {
  Rows rows;
  std::vector<std::string> errors;
  std::vector<uint64_t> lines;
};

Parsed Parse(const std::string& text, size_t chunk = 1 << 16, char delimiter = ',') {
  CsvReader reader(TextSource(text, chunk), delimiter);
  Parsed out;
  CsvRow row;
  while (true) {
    absl::StatusOr<bool> got = reader.Next(&row);
    EXPECT_TRUE(got.ok()) << got.status();
    if (!got.ok() || !*got) return out;
    std::vector<std::string> cells;
    for (absl::string_view cell : row.cells) cells.emplace_back(cell);
    out.rows.push_back(std::move(cells));
    out.errors.push_back(row.error);
    out.lines.push_back(row.line);
  }
}

TEST(CsvReader, ReadsWhatRfc4180Describes) {
  const Parsed got = Parse("a,b,c\r\n1,\"two, \"\"2\"\"\",\"line\r\nbreak\"\r\n,, x \r\n");
  EXPECT_EQ(got.rows, (Rows{{"a", "b", "c"}, {"1", "two, \"2\"", "line\r\nbreak"}, {"", "", " x "}}));
  EXPECT_THAT(got.errors, testing::Each(""));
  EXPECT_THAT(got.lines, testing::ElementsAre(1, 2, 4));
}

TEST(CsvReader, SkipsAMarkAndEmptyLinesAndNeedsNoLastLineEnd) {
  EXPECT_EQ(Parse("\xef\xbb\xbf"
                  "a;b\n\n\r\n\"\"\n1;2",
                  1, ';')
                .rows,
            (Rows{{"a", "b"}, {""}, {"1", "2"}}));
  EXPECT_TRUE(Parse("").rows.empty());
  EXPECT_EQ(Parse("x", 1).rows, (Rows{{"x"}}));
  EXPECT_EQ(Parse("a,", 1).rows, (Rows{{"a", ""}}));
}

TEST(CsvReader, TellsMalformedRowsAndGoesOn) {
  const Parsed got = Parse("a,b\n1,t\"wo\nok,1\n\"x\"y,2\nok,2\n\"open,3\nnever,4\n");
  ASSERT_EQ(got.rows.size(), 6u);
  EXPECT_THAT(got.errors[1], testing::HasSubstr("a quote within a cell that is not quoted, in line 2"));
  EXPECT_EQ(got.rows[2], (std::vector<std::string>{"ok", "1"}));
  EXPECT_THAT(got.errors[3], testing::HasSubstr("text after a closing quote in line 4"));
  EXPECT_EQ(got.rows[4], (std::vector<std::string>{"ok", "2"}));
  EXPECT_THAT(got.errors[5], testing::HasSubstr("the quote opened in line 6 is never closed"));
}

TEST(CsvReader, TellsWhatStoodBeforeAMistakeAndWhetherItMayHideRows) {
  CsvReader reader(TextSource("a,\"b\",c\"d,e\n\"x\"y,1\na,\"b\nc,\"d\"\na\rb,c\n1,\"2\n3\"\n4,\"5\n6,7"));
  CsvRow row;
  std::vector<std::vector<std::string>> before;
  std::vector<bool> may_be_several;
  while (*reader.Next(&row)) {
    before.emplace_back(row.before_error.begin(), row.before_error.end());
    may_be_several.push_back(row.may_be_several);
  }
  EXPECT_THAT(before, testing::ElementsAre(std::vector<std::string>{"a", "b"}, testing::IsEmpty(), std::vector<std::string>{"a"},
                                           testing::IsEmpty(), testing::IsEmpty(), std::vector<std::string>{"4"}));
  EXPECT_THAT(may_be_several, testing::ElementsAre(false, false, true, true, true, true));
}

TEST(CsvReader, RefusesUtf16) {
  CsvReader reader(TextSource(std::string("\xff\xfe\x61\x00", 4)));
  CsvRow row;
  EXPECT_THAT(std::string(reader.Next(&row).status().message()), testing::HasSubstr("UTF-16"));
}

// What is written comes back, wherever the chunks are cut.
TEST(CsvReader, ReadsWhatIsWritten) {
  std::mt19937 random(20261124);
  const std::string alphabet = "ab,\"\r\n ;\xd7\x90";
  for (int round = 0; round < 300; ++round) {
    Rows rows;
    std::string text;
    const size_t columns = 2 + random() % 3;
    for (size_t r = 0; r < 1 + random() % 6; ++r) {
      std::vector<std::string> cells;
      for (size_t c = 0; c < columns; ++c) {
        std::string cell;
        for (size_t n = random() % 6; n > 0; --n) cell.push_back(alphabet[random() % alphabet.size()]);
        text += (c ? "," : "") + CsvCell(cell);
        cells.push_back(std::move(cell));
      }
      text += random() % 2 ? "\r\n" : "\n";
      rows.push_back(std::move(cells));
    }
    ASSERT_EQ(Parse(text, 1 + random() % 7).rows, rows) << text;
  }
}

// Any bytes at all: it ends, cutting does not matter, and good lines after bad ones are there.
TEST(CsvReader, SurvivesAnything) {
  std::mt19937 random(7);
  const std::string alphabet("a\"\",\r\n\n\xff\x00", 9);
  for (int round = 0; round < 500; ++round) {
    std::string text;
    for (size_t n = random() % 40; n > 0; --n) text.push_back(alphabet[random() % alphabet.size()]);
    const Parsed whole = Parse(text);
    const Parsed cut = Parse(text, 1);
    ASSERT_EQ(whole.rows, cut.rows);
    ASSERT_EQ(whole.errors, cut.errors);
  }
}

}  // namespace
}  // namespace recount::tools
