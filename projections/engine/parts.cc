#include "projections/engine/parts.h"

#include <algorithm>
#include <thread>

namespace recount::projections {
namespace {

std::atomic<unsigned> helping{0};

}  // namespace

Help Help::Ask() {
  static const unsigned most = std::max(2u, std::thread::hardware_concurrency()) - 1;
  Help help;
  help.granted_ = helping.fetch_add(1) < most;
  if (!help.granted_) --helping;
  return help;
}

Help::~Help() {
  if (granted_) --helping;
}

}  // namespace recount::projections
