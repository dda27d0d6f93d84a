#include "tools/command_mistakes.h"

#include <iostream>

#include "CLI/CLI.hpp"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "tools/cli/session.h"

namespace recount::tools {

std::string PathOf(const CLI::App* command) {
  std::string path;
  for (; command->get_parent() != nullptr; command = command->get_parent()) {
    path = path.empty() ? command->get_name() : absl::StrCat(command->get_name(), " ", path);
  }
  return path;
}

namespace {

// The first word that is no command where one was needed; empty: all were understood.
std::string UnknownCommand(const CLI::App& app, const std::vector<std::string>& words, std::string* meant) {
  const CLI::App* at = &app;
  bool is_value = false;
  for (const std::string& word : words) {
    const bool is_option = !word.empty() && word[0] == '-';
    if (is_option || is_value) {
      is_value = is_option && word.find('=') == std::string::npos;
      continue;
    }
    std::vector<std::string> names;
    const CLI::App* next = nullptr;
    for (const CLI::App* sub : at->get_subcommands([](const CLI::App*) { return true; })) {
      names.push_back(sub->get_name());
      if (sub->get_name() == word) next = sub;
    }
    if (names.empty()) return "";
    if (next == nullptr) {
      *meant = DidYouMean(word, names);
      return word;
    }
    at = next;
  }
  return "";
}

}  // namespace

void SayMistake(const CLI::App& program, const CLI::ParseError& error, const std::vector<std::string>& words) {
  const CLI::App* at = &program;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  std::string meant;
  const std::string unknown = UnknownCommand(program, words, &meant);
  std::vector<std::string> names;
  for (const CLI::App* sub : at->get_subcommands([](const CLI::App*) { return true; })) names.push_back(sub->get_name());
  std::string sentence = error.what();
  if (!unknown.empty()) {
    sentence = absl::StrCat("there is no command \"", unknown, "\"", meant.empty() ? "" : absl::StrCat("; did you mean ", meant, "?"));
  } else if (dynamic_cast<const CLI::RequiredError*>(&error) != nullptr && !names.empty()) {
    sentence = absl::StrCat("say what to do: ", absl::StrJoin(names, ", "));
  }
  // An option of the program itself is in no command's help.
  const std::string option = std::string(error.what()).substr(0, std::string(error.what()).find_first_of(": ="));
  if (at->get_option_no_throw(option) == nullptr && program.get_option_no_throw(option) != nullptr) at = &program;
  const std::string path = PathOf(at);
  std::cerr << "recount: " << sentence << "\n  try: recount " << path << (path.empty() ? "" : " ") << "--help\n";
}

}  // namespace recount::tools
