#include "eventstore/sealing.h"

#include "absl/strings/match.h"
#include "google/protobuf/util/message_differencer.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "recount/v1/deal.pb.h"
#include "recount/v1/lead.pb.h"
#include "recount/v1/person.pb.h"

namespace recount::eventstore {
namespace {

using google::protobuf::util::MessageDifferencer;
using storage::v1::StoredEvent;

constexpr uint32_t kTenant = 7;

StoredEvent EventOf(const std::string& stream) {
  StoredEvent event;
  event.set_stream(stream);
  event.set_type(5 << 16 | 1);
  return event;
}

v1::Person SomePerson() {
  v1::Person person;
  person.mutable_info()->set_name("persons/4711");
  person.mutable_person_name()->set_given("Zebulon");
  person.mutable_person_name()->set_family("Quartermain");
  person.add_phones()->set_raw("+972 3 555 0100");
  person.add_emails()->set_raw("zebulon@example.org");
  person.mutable_birth_date()->set_year(1970);
  (*person.mutable_info()->mutable_personal_fields())["nickname"].set_text("Zebby");
  (*person.mutable_info()->mutable_fields())["segment"].set_text("gold");
  return person;
}

class SealingTest : public testing::Test {
 protected:
  std::unique_ptr<KeyVault> vault_ = NewMemoryKeyVault();
  bool erased_ = false;
};

TEST_F(SealingTest, SealsEveryPersonalByteAndOpensItAgain) {
  const v1::Person original = SomePerson();
  v1::Person message = original;
  StoredEvent event = EventOf("persons/4711");
  ASSERT_TRUE(SealInto(*vault_, kTenant, "subjects/1", HasKey::kMaybe, &message, &event).ok());
  EXPECT_TRUE(MessageDifferencer::Equals(message, original)) << message.DebugString();
  const std::string stored = event.SerializeAsString();
  for (const char* personal : {"Zebulon", "Quartermain", "555", "zebulon", "Zebby", "nickname"}) {
    EXPECT_FALSE(absl::StrContains(stored, personal)) << personal;
  }
  EXPECT_TRUE(absl::StrContains(stored, "gold")) << "what is not personal stays in clear";
  ASSERT_EQ(event.sealed_size(), 1);
  EXPECT_EQ(event.sealed(0).key_id(), "subjects/1");
  v1::Person opened;
  ASSERT_TRUE(OpenInto(*vault_, kTenant, event, &opened, &erased_).ok());
  EXPECT_FALSE(erased_);
  EXPECT_TRUE(MessageDifferencer::Equals(opened, original)) << opened.DebugString();
}

TEST_F(SealingTest, MessageWithoutPersonalFieldsHasNoBlob) {
  v1::Person message;
  message.mutable_info()->set_name("persons/1");
  EXPECT_FALSE(HasPersonalFields(message));
  StoredEvent event = EventOf("persons/1");
  ASSERT_TRUE(SealInto(*vault_, kTenant, "", HasKey::kMaybe, &message, &event).ok());
  EXPECT_EQ(event.sealed_size(), 0);
  EXPECT_TRUE(absl::IsNotFound(vault_->Find(kTenant, "").status()));
}

TEST_F(SealingTest, PersonalDataNeedsADataSubject) {
  v1::Person message = SomePerson();
  StoredEvent event = EventOf("persons/1");
  EXPECT_TRUE(absl::IsInvalidArgument(SealInto(*vault_, kTenant, "", HasKey::kMaybe, &message, &event)));
}

TEST_F(SealingTest, PresenceOfAnEmptyPersonalFieldSurvives) {
  v1::LeadDetailsChanged message;  // an explicitly empty text clears a field
  message.set_organization_name("");
  StoredEvent event = EventOf("leads/1");
  ASSERT_TRUE(SealInto(*vault_, kTenant, "subjects/1", HasKey::kMaybe, &message, &event).ok());
  v1::LeadDetailsChanged opened;
  ASSERT_TRUE(OpenInto(*vault_, kTenant, event, &opened, &erased_).ok());
  EXPECT_TRUE(opened.has_organization_name());
  EXPECT_FALSE(opened.has_request());
}

TEST_F(SealingTest, AnErasedKeyLeavesTheRest) {
  v1::Person message = SomePerson();
  StoredEvent event = EventOf("persons/4711");
  ASSERT_TRUE(SealInto(*vault_, kTenant, "subjects/1", HasKey::kMaybe, &message, &event).ok());
  auto other_vault = NewMemoryKeyVault();
  v1::Person opened;
  ASSERT_TRUE(OpenInto(*other_vault, kTenant, event, &opened, &erased_).ok());
  EXPECT_TRUE(erased_);
  EXPECT_EQ(opened.info().name(), "persons/4711");
  EXPECT_FALSE(opened.has_person_name());
  EXPECT_EQ(opened.phones_size(), 0);
}

TEST_F(SealingTest, AnythingChangedIsDataLoss) {
  v1::Person message = SomePerson();
  StoredEvent event = EventOf("persons/4711");
  ASSERT_TRUE(SealInto(*vault_, kTenant, "subjects/1", HasKey::kMaybe, &message, &event).ok());
  const auto open = [&](const StoredEvent& changed, uint32_t tenant = kTenant) {
    v1::Person opened;
    return OpenInto(*vault_, tenant, changed, &opened, &erased_);
  };
  ASSERT_TRUE(open(event).ok());
  StoredEvent changed = event;
  changed.mutable_sealed(0)->mutable_ciphertext()->front() ^= 1;
  EXPECT_TRUE(absl::IsDataLoss(open(changed)));
  changed = event;
  changed.mutable_sealed(0)->mutable_nonce()->pop_back();
  EXPECT_TRUE(absl::IsDataLoss(open(changed)));
  changed = event;
  changed.set_stream("persons/4712");
  EXPECT_TRUE(absl::IsDataLoss(open(changed)));
  changed = event;
  changed.set_type(event.type() + 1);
  EXPECT_TRUE(absl::IsDataLoss(open(changed)));
  // As older servers wrote it: which key it was is not known.
  event.mutable_sealed(0)->clear_key_fingerprint();
  ASSERT_TRUE(open(event).ok());
  ASSERT_TRUE(vault_->Mint(kTenant, "subjects/2").ok());
  changed = event;
  changed.mutable_sealed(0)->set_key_id("subjects/2");
  EXPECT_TRUE(absl::IsDataLoss(open(changed)));
  ASSERT_TRUE(vault_->Mint(kTenant + 1, "subjects/1").ok());
  EXPECT_TRUE(absl::IsDataLoss(open(event, kTenant + 1)));
}

TEST_F(SealingTest, ASuccessorOfAnErasedKeyLeavesWhatWasSealedBeforeErased) {
  v1::Person message = SomePerson();
  StoredEvent before = EventOf("persons/4711");
  ASSERT_TRUE(SealInto(*vault_, kTenant, "subjects/1", HasKey::kMaybe, &message, &before).ok());
  vault_ = NewMemoryKeyVault();
  message = SomePerson();
  StoredEvent after = EventOf("persons/4711");
  ASSERT_TRUE(SealInto(*vault_, kTenant, "subjects/1", HasKey::kMaybe, &message, &after).ok());
  v1::Person opened;
  ASSERT_TRUE(OpenInto(*vault_, kTenant, before, &opened, &erased_).ok());
  EXPECT_TRUE(erased_);
  EXPECT_FALSE(opened.has_person_name());
  ASSERT_TRUE(OpenInto(*vault_, kTenant, after, &opened, &erased_).ok());
  EXPECT_FALSE(erased_);
  EXPECT_TRUE(opened.has_person_name());
  // What has the right key and does not open is damaged still.
  after.mutable_sealed(0)->mutable_ciphertext()->front() ^= 1;
  EXPECT_TRUE(absl::IsDataLoss(OpenInto(*vault_, kTenant, after, &opened, &erased_)));
}

TEST_F(SealingTest, OneKeyForOneDataSubjectAndAFreshNonceEachTime) {
  v1::Person first = SomePerson();
  v1::Person second = SomePerson();
  StoredEvent one = EventOf("persons/4711");
  StoredEvent two = EventOf("persons/4711");
  ASSERT_TRUE(SealInto(*vault_, kTenant, "subjects/1", HasKey::kMaybe, &first, &one).ok());
  ASSERT_TRUE(SealInto(*vault_, kTenant, "subjects/1", HasKey::kMaybe, &second, &two).ok());
  EXPECT_NE(one.sealed(0).nonce(), two.sealed(0).nonce());
  EXPECT_NE(one.sealed(0).ciphertext(), two.sealed(0).ciphertext());
  v1::Person opened;
  EXPECT_TRUE(OpenInto(*vault_, kTenant, two, &opened, &erased_).ok());
}

}  // namespace
}  // namespace recount::eventstore
