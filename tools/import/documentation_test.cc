// The example of docs/import.md does what the page says.
#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tools/import/byte_source.h"
#include "tools/import/import_run.h"

namespace recount::tools {
namespace {

std::string Source() {
  const char* source = std::getenv("RECOUNT_SOURCE");
  return source == nullptr ? "." : source;
}

// What the page tells its reader to put into a file: from `$ cat >NAME <<'END'` to `END`.
std::string HereDocument(const std::string& page, const std::string& name) {
  const std::string start = absl::StrCat("$ cat >", name, " <<'END'\n");
  const size_t at = page.find(start);
  if (at == std::string::npos) return "";
  const size_t first = at + start.size();
  return page.substr(first, page.find("\nEND\n", first) + 1 - first);
}

TEST(Documentation, ExampleOfImporting) {
  absl::StatusOr<std::string> page = ReadWholeFile(Source() + "/docs/import.md");
  ASSERT_TRUE(page.ok()) << page.status();
  const std::string folder = testing::TempDir() + "/documentation_test";
  std::filesystem::create_directories(folder);
  for (const char* name : {"contacts.csv", "contacts.textproto", "contacts.rules.textproto"}) {
    const std::string block = HereDocument(*page, name);
    ASSERT_FALSE(block.empty()) << name;
    std::ofstream(absl::StrCat(folder, "/", name)) << block;
  }
  absl::StatusOr<std::unique_ptr<Mapping>> mapping = LoadMapping(folder + "/contacts.textproto");
  ASSERT_TRUE(mapping.ok()) << mapping.status();
  ImportOptions options;
  options.dry_run = true;
  options.sample_rows = 9;
  std::vector<std::string> commands;
  options.on_sample = [&](uint64_t row, const api::Command& command) { commands.push_back(command.ShortDebugString()); };
  absl::StatusOr<ImportSummary> got = RunImport(**mapping, options, nullptr);
  ASSERT_TRUE(got.ok()) << got.status();
  ASSERT_EQ(commands.size(), 3u) << testing::PrintToString(commands);
  EXPECT_THAT(commands[0], testing::StartsWith("create_organization"));
  EXPECT_THAT(commands[1], testing::HasSubstr("currency_code: \"EUR\" units: 1200 nanos: 500000000"));
  EXPECT_THAT(commands[1], testing::HasSubstr("tags: \"new\" tags: \"hot\""));
  EXPECT_THAT(commands[1], testing::HasSubstr("source { id: \"website\" }"));
  EXPECT_THAT(commands[2], testing::StartsWith("qualify_lead"));
  ASSERT_EQ(got->first_rejects.size(), 1u);
  EXPECT_THAT(got->first_rejects[0].message, testing::HasSubstr("\"04.02.2025 17:30\" is not of the form %d.%m.%Y"));
}

// The mappings in the repository are well formed even where the data is not at hand.
TEST(Documentation, MappingsAreWellFormed) {
  int count = 0;
  for (const auto& entry : std::filesystem::directory_iterator(Source() + "/tools/mappings")) {
    const std::string path = entry.path().string();
    if (!absl::EndsWith(path, ".textproto")) continue;
    ++count;
    if (absl::EndsWith(path, ".rules.textproto")) {
      api::PublishRulesRequest request;
      EXPECT_TRUE(ParseTextOrJson(*ReadWholeFile(path), path, &request).ok()) << path;
    } else {
      EXPECT_TRUE(LoadMapping(path).ok()) << LoadMapping(path).status();
    }
  }
  EXPECT_GE(count, 5);
}

}  // namespace
}  // namespace recount::tools
