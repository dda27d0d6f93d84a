// What is wrong with a command line that was not understood.
#ifndef RECOUNT_TOOLS_COMMAND_MISTAKES_H_
#define RECOUNT_TOOLS_COMMAND_MISTAKES_H_

#include <string>
#include <vector>

namespace CLI {
class App;
class ParseError;
}  // namespace CLI

namespace recount::tools {

// `report run`; empty for the program itself.
std::string PathOf(const CLI::App* command);

// On stderr: what is wrong, and whose help says how it is right. `words`: of the command line, without the program.
void SayMistake(const CLI::App& program, const CLI::ParseError& error, const std::vector<std::string>& words);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_COMMAND_MISTAKES_H_
