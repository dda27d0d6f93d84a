// Which addresses stay on this machine: only there may go in clear what must not be overheard.
#ifndef RECOUNT_TOOLS_LOOPBACK_H_
#define RECOUNT_TOOLS_LOOPBACK_H_

#include <string>

namespace recount::tools {

// Of `HOST:PORT`. By its form alone: a name that some resolver leads elsewhere is none.
inline bool IsLoopback(const std::string& address) {
  for (const char* start : {"unix:", "[::1]:", "localhost:"}) {
    if (address.rfind(start, 0) == 0) return true;
  }
  return address.rfind("127.", 0) == 0 && address.find_first_not_of("0123456789.:") == std::string::npos;
}

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_LOOPBACK_H_
