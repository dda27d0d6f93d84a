#include "tools/cli/text_table.h"

#include <sstream>

#include "absl/strings/str_split.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/cli/text_width.h"

namespace recount::tools {
namespace {

TEST(TextWidth, CountsColumnsOfATerminal) {
  EXPECT_EQ(DisplayWidth("abc"), 3);
  EXPECT_EQ(DisplayWidth("שלום"), 4);
  EXPECT_EQ(DisplayWidth("שָׁלוֹם"), 4);           // points combine
  EXPECT_EQ(DisplayWidth("العربية"), 7);
  EXPECT_EQ(DisplayWidth("王小明"), 6);           // wide
  EXPECT_EQ(DisplayWidth("e\xcc\x81"), 1);        // e and an accent
  EXPECT_EQ(DisplayWidth("नमस्ते"), DisplayWidth(ForTerminal("नमस्ते")));
  EXPECT_EQ(DisplayWidth(ForTerminal("שלום")), 4);  // isolates take no room
  EXPECT_EQ(PadRight("王", 4), "王  ");
  EXPECT_EQ(PadLeft("é", 3), "  é");
}

TEST(TextWidth, MakesCellsSafe) {
  EXPECT_EQ(ForTerminal("a\nb\tc"), "a b c");
  EXPECT_EQ(ForTerminal("\033[2Jx"), "\\x1b[2Jx");
  EXPECT_EQ(ForTerminal("a\xff"), "a\xef\xbf\xbd");
  EXPECT_EQ(ForTerminal("אב"), "\xe2\x81\xa8אב\xe2\x81\xa9");
  EXPECT_EQ(ForTerminal("\xe2\x80\xae" "abc"), "abc") << "an override of direction must not reach the neighbours";
}

TEST(TextWidth, WrapsAtSpaces) {
  EXPECT_THAT(Wrap("", 5), testing::ElementsAre(""));
  EXPECT_THAT(Wrap("one two three", 7), testing::ElementsAre("one two", "three"));
  EXPECT_THAT(Wrap("one two  three", 8), testing::ElementsAre("one two ", "three"));
  EXPECT_THAT(Wrap("abcdefgh", 3), testing::ElementsAre("abc", "def", "gh"));
  EXPECT_THAT(Wrap("王小明王", 5), testing::ElementsAre("王小", "明王"));
  EXPECT_THAT(Wrap("e\xcc\x81" "e\xcc\x81", 1), testing::ElementsAre("e\xcc\x81", "e\xcc\x81"));
}

TEST(TextTable, LinesUpInEveryScript) {
  TextTable table;
  table.AddColumn("owner");
  table.AddColumn("won", TextTable::Align::kRight);
  table.AddColumn("note");
  table.AddRow({"Ann", "7", "x"});
  table.AddRow({"דנה לוי", "1,234", "y"});
  table.AddRow({"王小明", "12", "z"});
  table.AddRow({"José\xcc\x81", "–", ""});
  table.AddRow({"", "1,253", ""}, /*is_total=*/true);
  std::ostringstream out;
  table.Print(out, Look());
  const std::vector<std::string> lines = absl::StrSplit(out.str(), '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 8u);
  EXPECT_EQ(lines[0], "owner      won  note");
  EXPECT_EQ(lines[2], "Ann          7  x");
  // Where the last column begins, in columns of the terminal.
  for (const auto& [line, mark] : {std::pair(lines[2], "x"), std::pair(lines[3], "y"), std::pair(lines[4], "z")}) {
    EXPECT_EQ(DisplayWidth(line.substr(0, line.rfind(mark))), 16) << line;
  }
  EXPECT_THAT(lines[6], testing::StartsWith("───"));
  EXPECT_EQ(lines[7], "         1,253");
  for (const std::string& line : lines) EXPECT_NE(line.back(), ' ');
}

TEST(TextTable, ColoursOnlyWhenAsked) {
  TextTable table;
  table.AddColumn("a");
  table.AddRow({"1"});
  std::ostringstream plain, coloured;
  table.Print(plain, Look());
  table.Print(coloured, Look{true});
  EXPECT_THAT(plain.str(), testing::Not(testing::HasSubstr("\033")));
  EXPECT_THAT(coloured.str(), testing::HasSubstr("\033[1ma\033[0m"));
}

}  // namespace
}  // namespace recount::tools
