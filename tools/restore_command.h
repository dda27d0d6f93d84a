// `recountd restore`: a new data folder from a backup, without a server (docs/backup.md).
#ifndef RECOUNT_TOOLS_RESTORE_COMMAND_H_
#define RECOUNT_TOOLS_RESTORE_COMMAND_H_

namespace recount::tools {

// `argv` begins with the word `restore`. Returns the exit code of the process.
int RestoreMain(int argc, char** argv);

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_RESTORE_COMMAND_H_
