// SHA-256 of some texts in a row.
#ifndef RECOUNT_EVENTSTORE_SHA256_H_
#define RECOUNT_EVENTSTORE_SHA256_H_

#include <array>
#include <cstdint>
#include <initializer_list>

#include "absl/strings/string_view.h"

namespace recount::eventstore {

std::array<uint8_t, 32> Sha256(std::initializer_list<absl::string_view> parts);

}  // namespace recount::eventstore

#endif  // RECOUNT_EVENTSTORE_SHA256_H_
