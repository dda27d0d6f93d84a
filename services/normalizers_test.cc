#include "services/normalizers.h"

#include <string>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"

namespace recount::services {
namespace {

// What goes the way of all scripts, by a letter behind it.
std::string FoldedAmongOthers(const std::string& name) {
  const std::string folded = FoldName(absl::StrCat(name, "\u05d0"));
  EXPECT_GE(folded.size(), 2u);
  return folded.substr(0, folded.size() - 2);
}

TEST(NormalizersTest, AsciiNamesFoldAsAmongLettersOfOtherScripts) {
  for (int first = 0; first < 0x80; ++first) {
    for (int second = 0; second < 0x80; ++second) {
      const std::string name = {'A', static_cast<char>(first), static_cast<char>(second), 'z'};
      ASSERT_EQ(FoldName(name), FoldedAmongOthers(name)) << first << " " << second;
      ASSERT_EQ(FoldName(name.substr(1)), FoldedAmongOthers(name.substr(1))) << first << " " << second;
    }
  }
  EXPECT_EQ(FoldName("  Ann \t  van  DAHAN  "), "ann van dahan");
  EXPECT_EQ(FoldName(""), "");
  EXPECT_EQ(FoldName(" \n "), "");
}

}  // namespace
}  // namespace recount::services
