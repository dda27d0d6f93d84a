#include "eventstore/event_log_contract.h"

namespace recount::eventstore {
namespace {

std::string NameOf(const testing::TestParamInfo<LogUnderTest>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(Logs, EventLogContract,
                         testing::Values(LogUnderTest{"memory", [] { return NewMemoryEventLog(); }}), NameOf);

}  // namespace
}  // namespace recount::eventstore
