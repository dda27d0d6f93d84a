// Personal fields sealed into events, and what is opened again.
#include "eventstore/sealing.h"

#include "eventstore/cryptography.h"
#include "google/protobuf/util/message_differencer.h"
#include "recount/v1/person.pb.h"
#include "tests/fuzz/fuzzing.h"

namespace recount::eventstore {
namespace {

using google::protobuf::util::MessageDifferencer;
using storage::v1::StoredEvent;

constexpr uint32_t kTenant = 7;
constexpr char kSubject[] = "subjects/1";

KeyVault& Vault() {
  static const std::unique_ptr<KeyVault> vault = [] {
    MUST(StartCryptography().ok());
    auto made = NewMemoryKeyVault();
    MUST(made->Mint(kTenant, kSubject).ok() && made->Mint(kTenant, "subjects/2").ok());
    MUST(made->Mint(kTenant + 1, kSubject).ok());
    return made;
  }();
  return *vault;
}

bool Opens(uint32_t tenant, const StoredEvent& event, v1::Person* person) {
  bool erased = false;
  const absl::Status status = OpenInto(Vault(), tenant, event, person, &erased);
  MUST(status.ok() || absl::IsDataLoss(status));
  return status.ok() && !erased;  // what names another key is closed as if its own was gone
}

void CheckSealed(const v1::Person& original, FuzzedDataProvider& choices) {
  StoredEvent event;
  event.set_stream("persons/4711");
  event.set_type(3 << 16 | 1);
  v1::Person message = original;
  MUST(SealInto(Vault(), kTenant, kSubject, HasKey::kMaybe, &message, &event).ok());
  MUST(MessageDifferencer::Equals(original, message));
  v1::Person left, opened;
  MUST(left.ParseFromString(event.payload()) && !HasPersonalFields(left));
  MUST(Opens(kTenant, event, &opened));
  MUST(MessageDifferencer::Equals(original, opened));
  MUST(HasPersonalFields(original) == (event.sealed_size() == 1));
  if (event.sealed().empty()) return;
  // Whatever is authenticated must not be another one: nonce, ciphertext, key, stream, type, tenant.
  StoredEvent changed = event;
  auto* blob = changed.mutable_sealed(0);
  switch (choices.ConsumeIntegralInRange(0, 5)) {
    case 0:
      blob->set_ciphertext(fuzz::WithOneBitTurned(blob->ciphertext(), choices));
      break;
    case 1:
      blob->set_nonce(fuzz::WithOneBitTurned(blob->nonce(), choices));
      break;
    case 2:
      blob->set_key_id("subjects/2");
      break;
    case 3:
      changed.set_stream("persons/4712");
      break;
    case 4:
      changed.set_type(3 << 16 | 2);
      break;
    case 5:
      MUST(!Opens(kTenant + 1, event, &opened));
      return;
  }
  MUST(!Opens(kTenant, changed, &opened));
}

}  // namespace
}  // namespace recount::eventstore

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace recount;
  using namespace recount::eventstore;
  FuzzedDataProvider choices(data, size);
  const std::string seed = choices.ConsumeBytesAsString(4);  // chooses the change
  const std::string bytes = choices.ConsumeRemainingBytesAsString();
  v1::Person person;
  StoredEvent event;
  if (event.ParseFromString(bytes)) Opens(kTenant, event, &person);
  if (!person.ParseFromString(bytes)) return 0;
  FuzzedDataProvider change(reinterpret_cast<const uint8_t*>(seed.data()), seed.size());
  CheckSealed(person, change);
  return 0;
}
