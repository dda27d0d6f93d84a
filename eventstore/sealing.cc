#include "eventstore/sealing.h"

#include <sodium.h>

#include <memory>
#include <mutex>
#include <utility>
#include <vector>

#include "absl/container/flat_hash_map.h"
#include "absl/container/flat_hash_set.h"
#include "absl/strings/str_cat.h"
#include "eventstore/vault_keys.h"
#include "google/protobuf/descriptor.h"
#include "recount/v1/options.pb.h"

namespace recount::eventstore {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::FieldDescriptor;
using google::protobuf::Message;
using google::protobuf::Reflection;

// What is to be done with the fields of a message type. A field not named here has nothing personal in it.
struct SealingPlan {
  std::vector<const FieldDescriptor*> whole;   // marked
  std::vector<const FieldDescriptor*> inside;  // singular messages with personal fields inside
  // Lists and maps of such messages. They are moved whole, since merging would append and not join the elements.
  std::vector<const FieldDescriptor*> lists;
  bool empty() const { return whole.empty() && inside.empty() && lists.empty(); }
};

bool HoldsPersonal(const Descriptor* type, absl::flat_hash_set<const Descriptor*>& seen) {
  if (!seen.insert(type).second) return false;
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->options().GetExtension(v1::personal)) return true;
    if (field->message_type() != nullptr && HoldsPersonal(field->message_type(), seen)) return true;
  }
  return false;
}

SealingPlan MakePlan(const Descriptor* type) {
  SealingPlan plan;
  for (int i = 0; i < type->field_count(); ++i) {
    const FieldDescriptor* field = type->field(i);
    if (field->options().GetExtension(v1::personal)) {
      plan.whole.push_back(field);
      continue;
    }
    absl::flat_hash_set<const Descriptor*> seen;
    if (field->message_type() == nullptr || !HoldsPersonal(field->message_type(), seen)) continue;
    (field->is_repeated() ? plan.lists : plan.inside).push_back(field);
  }
  return plan;
}

// Plans live as long as the process, as their descriptors do.
const SealingPlan& PlanFor(const Descriptor* type) {
  static auto* const mutex = new std::mutex;
  static auto* const plans = new absl::flat_hash_map<const Descriptor*, std::unique_ptr<const SealingPlan>>;
  std::lock_guard lock(*mutex);
  std::unique_ptr<const SealingPlan>& plan = (*plans)[type];
  if (plan == nullptr) plan = std::make_unique<const SealingPlan>(MakePlan(type));
  return *plan;
}

bool IsSet(const Message& message, const FieldDescriptor* field) {
  const Reflection& reflection = *message.GetReflection();
  return field->is_repeated() ? reflection.FieldSize(message, field) > 0 : reflection.HasField(message, field);
}

bool ListHasPersonal(const Message& message, const FieldDescriptor* field) {
  if (field->is_map()) return IsSet(message, field);
  const Reflection& reflection = *message.GetReflection();
  for (int i = 0; i < reflection.FieldSize(message, field); ++i) {
    if (HasPersonalFields(reflection.GetRepeatedMessage(message, field, i))) return true;
  }
  return false;
}

// Moves the personal fields of `message` into the empty `partial` of the same type.
void MovePersonal(Message* message, Message* partial) {
  const SealingPlan& plan = PlanFor(message->GetDescriptor());
  const Reflection& reflection = *message->GetReflection();
  // Only set fields: a swap of an unset member of a oneof would take the other member along.
  std::vector<const FieldDescriptor*> moved;
  for (const FieldDescriptor* field : plan.whole) {
    if (IsSet(*message, field)) moved.push_back(field);
  }
  for (const FieldDescriptor* field : plan.lists) {
    if (ListHasPersonal(*message, field)) moved.push_back(field);
  }
  if (!moved.empty()) reflection.SwapFields(message, partial, moved);
  for (const FieldDescriptor* field : plan.inside) {
    if (!reflection.HasField(*message, field) || !HasPersonalFields(reflection.GetMessage(*message, field))) continue;
    MovePersonal(reflection.MutableMessage(message, field), reflection.MutableMessage(partial, field));
  }
}

void AppendBigEndian(uint32_t value, std::string& out) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}

std::string AssociatedData(uint32_t tenant, const storage::v1::StoredEvent& event, absl::string_view key_id) {
  std::string data;
  data.reserve(event.stream().size() + key_id.size() + 9);
  AppendBigEndian(tenant, data);
  data += event.stream();
  data.push_back('\0');
  AppendBigEndian(event.type(), data);
  absl::StrAppend(&data, key_id);
  return data;
}

const unsigned char* Bytes(const std::string& text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* MutableBytes(std::string* text) { return reinterpret_cast<unsigned char*>(text->data()); }

void Encrypt(const DataKey& key, const std::string& clear, const std::string& associated,
             storage::v1::SealedBlob* blob) {
  std::string* nonce = blob->mutable_nonce();
  nonce->resize(crypto_aead_xchacha20poly1305_ietf_NPUBBYTES);
  randombytes_buf(nonce->data(), nonce->size());
  std::string* sealed = blob->mutable_ciphertext();
  sealed->resize(clear.size() + crypto_aead_xchacha20poly1305_ietf_ABYTES);
  crypto_aead_xchacha20poly1305_ietf_encrypt(MutableBytes(sealed), nullptr, Bytes(clear), clear.size(),
                                             Bytes(associated), associated.size(), nullptr, Bytes(*nonce), key.data());
}

bool Decrypt(const DataKey& key, const storage::v1::SealedBlob& blob, const std::string& associated,
             std::string* clear) {
  const std::string& sealed = blob.ciphertext();
  if (blob.nonce().size() != crypto_aead_xchacha20poly1305_ietf_NPUBBYTES ||
      sealed.size() < crypto_aead_xchacha20poly1305_ietf_ABYTES) {
    return false;
  }
  clear->resize(sealed.size() - crypto_aead_xchacha20poly1305_ietf_ABYTES);
  return crypto_aead_xchacha20poly1305_ietf_decrypt(MutableBytes(clear), nullptr, nullptr, Bytes(sealed), sealed.size(),
                                                    Bytes(associated), associated.size(), Bytes(blob.nonce()),
                                                    key.data()) == 0;
}

}  // namespace

bool HasPersonalFields(const Message& message) {
  const SealingPlan& plan = PlanFor(message.GetDescriptor());
  if (plan.empty()) return false;
  for (const FieldDescriptor* field : plan.whole) {
    if (IsSet(message, field)) return true;
  }
  const Reflection& reflection = *message.GetReflection();
  for (const FieldDescriptor* field : plan.inside) {
    if (reflection.HasField(message, field) && HasPersonalFields(reflection.GetMessage(message, field))) return true;
  }
  for (const FieldDescriptor* field : plan.lists) {
    if (ListHasPersonal(message, field)) return true;
  }
  return false;
}

absl::Status SealInto(KeyVault& vault, uint32_t tenant, absl::string_view data_subject, HasKey has_key,
                      Message* message, storage::v1::StoredEvent* event) {
  std::unique_ptr<Message> partial;
  if (HasPersonalFields(*message)) {
    if (data_subject.empty()) {
      return absl::InvalidArgumentError(absl::StrCat("personal data of ", event->stream(), " has no data subject"));
    }
    absl::StatusOr<DataKey> key = has_key == HasKey::kNo ? vault.MintForNewId(tenant, data_subject)
                                                         : FindOrMint(vault, tenant, data_subject);
    if (!key.ok()) return key.status();
    partial.reset(message->New());
    MovePersonal(message, partial.get());
    storage::v1::SealedBlob* blob = event->add_sealed();
    blob->set_key_id(std::string(data_subject));
    blob->set_key_fingerprint(KeyFingerprint(*key));
    Encrypt(*key, partial->SerializeAsString(), AssociatedData(tenant, *event, data_subject), blob);
  }
  const bool is_serialized = message->SerializeToString(event->mutable_payload());
  if (partial != nullptr) MovePersonal(partial.get(), message);
  if (is_serialized) return absl::OkStatus();
  return absl::InternalError(absl::StrCat("an event of ", event->stream(), " cannot be serialized"));
}

absl::Status OpenInto(KeyVault& vault, uint32_t tenant, const storage::v1::StoredEvent& event, Message* message,
                      bool* erased) {
  *erased = false;
  if (!message->ParseFromString(event.payload())) {
    return absl::DataLossError(absl::StrCat("DATA_DAMAGED: revision ", event.revision(), " of ", event.stream(),
                                            " cannot be read as ", message->GetTypeName()));
  }
  for (const storage::v1::SealedBlob& blob : event.sealed()) {
    absl::StatusOr<DataKey> key = vault.Find(tenant, blob.key_id());
    if (absl::IsNotFound(key.status())) {
      *erased = true;
      continue;
    }
    if (!key.ok()) return key.status();
    if (!blob.key_fingerprint().empty() && blob.key_fingerprint() != KeyFingerprint(*key)) {
      *erased = true;  // the key is gone; its successor under the same id is for what came later
      continue;
    }
    std::string clear;
    std::unique_ptr<Message> partial(message->New());
    if (!Decrypt(*key, blob, AssociatedData(tenant, event, blob.key_id()), &clear) ||
        !partial->ParseFromString(clear)) {
      return absl::DataLossError(absl::StrCat("DATA_DAMAGED: the personal data of revision ", event.revision(), " of ",
                                              event.stream(), " does not open with key ", blob.key_id(),
                                              ": it was changed after it was sealed, or the key is another one"));
    }
    message->MergeFrom(*partial);
  }
  return absl::OkStatus();
}

}  // namespace recount::eventstore
