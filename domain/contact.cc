#include "domain/contact.h"

#include <algorithm>

#include "absl/strings/ascii.h"

namespace recount::domain {
namespace {

bool IsBlank(absl::string_view text) { return absl::StripAsciiWhitespace(text).empty(); }

}  // namespace

v1::PersonName Normalized(const v1::PersonName& given, const Context& context) {
  v1::PersonName name = given;
  name.clear_folded();
  if (context.normalizers != nullptr && context.normalizers->name) context.normalizers->name(&name);
  return name;
}

Phones Normalized(const Phones& given, const Context& context) {
  Phones phones = given;
  for (v1::Phone& phone : phones) {
    phone.clear_e164();
    if (context.normalizers != nullptr && context.normalizers->phone)
      context.normalizers->phone(&phone);
  }
  return phones;
}

Emails Normalized(const Emails& given, const Context& context) {
  Emails emails = given;
  for (v1::Email& email : emails) {
    email.clear_folded();
    if (context.normalizers != nullptr && context.normalizers->email)
      context.normalizers->email(&email);
  }
  return emails;
}

uint32_t NormalizerVersion(const Context& context) {
  return context.normalizers == nullptr ? 0 : context.normalizers->version;
}

bool IsNamed(const v1::PersonName& name) {
  return !IsBlank(name.display()) || !IsBlank(name.given()) || !IsBlank(name.family());
}

bool IsReachable(const Phones& phones, const Emails& emails) {
  const auto is_given = [](const auto& contact) { return !IsBlank(contact.raw()); };
  return std::any_of(phones.begin(), phones.end(), is_given) ||
         std::any_of(emails.begin(), emails.end(), is_given);
}

void AddLookups(const Phones& phones, const Emails& emails, absl::string_view stream,
                Decision* decision) {
  for (const v1::Phone& phone : phones) {
    if (!phone.e164().empty())
      decision->lookups.push_back({"phone", phone.e164(), std::string(stream)});
  }
  for (const v1::Email& email : emails) {
    if (!email.folded().empty())
      decision->lookups.push_back({"email", email.folded(), std::string(stream)});
  }
}

}  // namespace recount::domain
