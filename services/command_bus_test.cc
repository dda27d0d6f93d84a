#include "absl/strings/match.h"
#include "eventstore/request_hash.h"
#include "eventstore/sha256.h"
#include "services/command_bus_testing.h"

namespace recount::services {
namespace {

TEST(CommandBusTest, TenantBeginsWithItsCalendar) {
  Bus bus;
  EXPECT_EQ(bus.head(), 1u);
  EXPECT_EQ(bus.tenant().rules()->CalendarOn(0).zone(), "Europe/Berlin");
  EXPECT_EQ(bus.tenant().rules()->position(), 1u);
}

TEST(CommandBusTest, AnswersWithPositionNameAndRevision) {
  Bus bus;
  const Outcome outcome = bus.Send(Capture("1"));
  ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(outcome.result.position(), 2u);
  ASSERT_EQ(outcome.result.revisions_size(), 1);
  EXPECT_EQ(outcome.result.revisions(0).stream(), outcome.result.name());
  EXPECT_EQ(outcome.result.revisions(0).revision(), 1u);
  EXPECT_EQ(outcome.result.recorded_time().seconds(), kNoon / 1000000);
}

TEST(CommandBusTest, RepeatGetsTheFirstAnswer) {
  Bus bus;
  const Outcome first = bus.Send(Capture("1", "r-1"));
  v1::Command again = Capture("1", "r-1");
  again.mutable_capture_lead()->mutable_header()->set_correlation_id("another attempt");
  const Outcome second = bus.Send(std::move(again));
  ASSERT_TRUE(second.status.ok()) << second.status;
  EXPECT_TRUE(second.result.repeated());
  v1::CommandResult expected = first.result;
  expected.set_repeated(true);
  EXPECT_EQ(second.result.SerializeAsString(), expected.SerializeAsString());
  EXPECT_EQ(ReasonOf(bus.Send(Capture("2", "r-1"))), v1::REQUEST_ID_REUSED);
  EXPECT_EQ(bus.head(), 2u);
}

// The bytes of the newest commit.
std::string NewestCommit(Bus& bus) {
  std::string bytes;
  EXPECT_TRUE(bus.log().ReadCommits(bus.tenant().number(), 0, eventstore::Direction::kBackward,
                                    [&](const eventstore::StoredCommit& commit) {
                                      bytes = commit.bytes;
                                      return false;
                                    }).ok());
  return bytes;
}

TEST(CommandBusTest, TheLogHoldsNothingToGuessACommandBy) {
  Bus bus;
  const auto hash = eventstore::Sha256({Capture("1", "r-1").SerializeAsString()});
  const std::string digest(hash.begin(), hash.end());
  ASSERT_TRUE(bus.Send(Capture("1", "r-1")).status.ok());
  const std::string bytes = NewestCommit(bus);
  EXPECT_FALSE(absl::StrContains(bytes, digest));
  // It is that digest from which the stored hash is made.
  const auto request = eventstore::HashRequest(*bus.archive().vault, bus.tenant().number(), digest);
  EXPECT_TRUE(absl::StrContains(bytes, request->stored));
}

TEST(CommandBusTest, WhyARecordWasDeletedIsPersonalWhereItHasADataSubject) {
  Bus bus;
  ASSERT_TRUE(bus.Send(Capture("1")).status.ok());
  v1::Command remove;
  *remove.mutable_delete_record()->mutable_record() = ByExternalId("1");
  remove.mutable_delete_record()->set_collection("leads");
  remove.mutable_delete_record()->set_reason("Ann asked for it");
  const Outcome removed = bus.Send(remove);
  ASSERT_TRUE(removed.status.ok()) << removed.status;
  EXPECT_FALSE(absl::StrContains(NewestCommit(bus), "Ann asked"));
  const auto folded = FoldStream(bus.archive(), bus.tenant().number(), removed.result.name());
  EXPECT_EQ(domain::InfoOf(folded->state)->delete_reason(), "Ann asked for it");
  v1::Command team;
  team.mutable_create_team()->set_name("teams/1");
  team.mutable_create_team()->set_display_name("North");
  ASSERT_TRUE(bus.Send(team).status.ok());
  remove.mutable_delete_record()->mutable_record()->set_name("teams/1");
  remove.mutable_delete_record()->set_collection("teams");
  const Outcome team_removed = bus.Send(remove);
  EXPECT_TRUE(team_removed.status.ok()) << team_removed.status;
}

TEST(CommandBusTest, RefusalIsNotRemembered) {
  Bus bus;
  v1::Command status = SetStatus("1", "hot");
  status.mutable_change_lead_status()->mutable_header()->set_request_id("r-1");
  EXPECT_EQ(ReasonOf(bus.Send(status)), v1::RECORD_NOT_FOUND);
  EXPECT_TRUE(bus.Send(Capture("1")).status.ok());
  const Outcome outcome = bus.Send(status);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_FALSE(outcome.result.repeated());
}

TEST(CommandBusTest, StreamOfCommandsNamesRecordsMadeAMomentBefore) {
  Bus bus;
  const auto outcomes =
      bus.SendAll({Capture("1"), SetStatus("1", "hot"), SetStatus("1", "hot"), SetStatus("2", "hot")});
  EXPECT_TRUE(outcomes[0].status.ok()) << outcomes[0].status;
  EXPECT_TRUE(outcomes[1].status.ok()) << outcomes[1].status;
  EXPECT_EQ(outcomes[1].result.revisions(0).revision(), 2u);
  // What is so already appends nothing; a refusal ends nothing.
  EXPECT_TRUE(outcomes[2].status.ok()) << outcomes[2].status;
  EXPECT_EQ(outcomes[2].result.revisions_size(), 0);
  EXPECT_EQ(outcomes[2].result.position(), 3u);
  EXPECT_EQ(ReasonOf(outcomes[3]), v1::RECORD_NOT_FOUND);
  EXPECT_EQ(bus.head(), 3u);
}

TEST(CommandBusTest, ValidateOnlyAppendsNothing) {
  Bus bus;
  v1::Command command = Capture("1", "r-1");
  command.mutable_capture_lead()->mutable_header()->set_validate_only(true);
  const Outcome outcome = bus.Send(command);
  EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_TRUE(outcome.result.validated_only());
  EXPECT_EQ(bus.head(), 1u);
  // The same command in earnest has the same identity, and it is the first.
  const Outcome earnest = bus.Send(Capture("1", "r-1"));
  EXPECT_TRUE(earnest.status.ok()) << earnest.status;
  EXPECT_FALSE(earnest.result.repeated());
}

TEST(CommandBusTest, WhatIsNotAppendedLeavesNothingInTheVault) {
  Bus bus;
  const auto named = [](bool validate_only) {
    v1::Command command = Capture("1");
    command.mutable_capture_lead()->add_emails()->set_raw("ann@example.com");
    command.mutable_capture_lead()->mutable_header()->set_validate_only(validate_only);
    return command;
  };
  ASSERT_TRUE(bus.Send(named(true)).status.ok());
  EXPECT_FALSE(bus.SendAll({named(false), SetStatus("nobody", "hot")}, true)[0].status.ok());
  EXPECT_EQ(bus.vault().minted, 0);
  EXPECT_EQ(bus.vault().lookups, 0);
  ASSERT_TRUE(bus.Send(named(false)).status.ok());
  EXPECT_EQ(bus.vault().minted, 1);
  EXPECT_EQ(bus.vault().lookups, 1);
  bus.log().Close();  // as good as a full disk: nothing is taken any more
  EXPECT_FALSE(bus.Send(Capture("2")).status.ok());
  EXPECT_EQ(bus.vault().minted, 1);
}

TEST(CommandBusTest, ExpectedRevision) {
  Bus bus;
  ASSERT_TRUE(bus.Send(Capture("1")).status.ok());
  v1::Command command = SetStatus("1", "hot");
  command.mutable_change_lead_status()->mutable_header()->set_expected_revision(7);
  const Outcome stale = bus.Send(command);
  EXPECT_EQ(ReasonOf(stale), v1::REVISION_MISMATCH);
  EXPECT_TRUE(absl::IsAborted(stale.status));
  command.mutable_change_lead_status()->mutable_header()->set_expected_revision(1);
  EXPECT_TRUE(bus.Send(command).status.ok());
  // A refusal that only a newer revision explains says so.
  v1::Command convert;
  *convert.mutable_convert_lead()->mutable_lead() = ByExternalId("1");
  convert.mutable_convert_lead()->set_create_person(true);
  ASSERT_TRUE(bus.Send(convert).status.ok());
  convert.mutable_convert_lead()->mutable_header()->set_expected_revision(2);
  EXPECT_EQ(ReasonOf(bus.Send(convert)), v1::REVISION_MISMATCH);
  v1::Command create = Capture("2");
  create.mutable_capture_lead()->mutable_header()->set_expected_revision(0);
  EXPECT_TRUE(bus.Send(create).status.ok());
}

TEST(CommandBusTest, RevisionExpectedOfOneRecordSaysNothingOfAnother) {
  Bus bus;
  v1::Command user;
  user.mutable_create_user()->set_name("users/1");
  user.mutable_create_user()->set_display_name("Bob");
  v1::Command remove;
  remove.mutable_delete_record()->mutable_record()->set_name("users/1");
  remove.mutable_delete_record()->set_reason("left");
  for (const Outcome& outcome : bus.SendAll({user, remove})) ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  v1::Command deal;
  deal.mutable_create_deal()->mutable_header()->set_expected_revision(0);
  deal.mutable_create_deal()->mutable_owner()->set_name("users/1");
  const v1::ErrorReason plain = [&] {
    v1::Command unchecked = deal;
    unchecked.mutable_create_deal()->mutable_header()->clear_expected_revision();
    return ReasonOf(bus.Send(unchecked));
  }();
  EXPECT_NE(plain, v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(ReasonOf(bus.Send(deal)), plain) << "the owner's revision was not asked for";
}

TEST(CommandBusTest, AtomicGroupIsOneCommitOrNone) {
  Bus bus;
  const auto refused = bus.SendAll({Capture("1"), SetStatus("1", "hot"), SetStatus("nobody", "hot")}, true);
  EXPECT_EQ(ReasonOf(refused[0]), v1::ATOMIC_GROUP_REFUSED);
  EXPECT_EQ(ReasonOf(refused[1]), v1::ATOMIC_GROUP_REFUSED);
  EXPECT_EQ(ReasonOf(refused[2]), v1::RECORD_NOT_FOUND);
  EXPECT_EQ(bus.head(), 1u);

  const auto group = [] { return std::vector<v1::Command>{Capture("1", "r-1"), SetStatus("1", "hot"), Capture("2")}; };
  const auto accepted = bus.SendAll(group(), true);
  for (const Outcome& outcome : accepted) {
    ASSERT_TRUE(outcome.status.ok()) << outcome.status;
    EXPECT_EQ(outcome.result.position(), 4u);
  }
  EXPECT_EQ(accepted[0].result.name(), accepted[1].result.name());
  EXPECT_EQ(bus.log().CommitEnd(bus.tenant().number(), 2).value(), 4u);
  const auto repeated = bus.SendAll(group(), true);
  EXPECT_TRUE(repeated[2].result.repeated());
  EXPECT_EQ(repeated[2].result.name(), accepted[2].result.name());
  // A command of the group alone is another command.
  EXPECT_EQ(ReasonOf(bus.Send(Capture("1", "r-1"))), v1::REQUEST_ID_REUSED);
  // The states that the group made are the ones that the next command sees.
  EXPECT_EQ(bus.Send(SetStatus("1", "cold")).result.revisions(0).revision(), 3u);
}

TEST(CommandBusTest, PersonalDataOfOneCommitLiesUnderOneKey) {
  Bus bus;
  v1::Command rename;
  *rename.mutable_change_lead_details()->mutable_lead() = ByExternalId("1");
  rename.mutable_change_lead_details()->mutable_person_name()->set_display("Ann Meier");
  const auto outcomes = bus.SendAll({Capture("1"), rename}, true);
  for (const Outcome& outcome : outcomes) ASSERT_TRUE(outcome.status.ok()) << outcome.status;
  std::vector<std::string> names;
  ASSERT_TRUE(bus.log().ReadStream(bus.tenant().number(), outcomes[0].result.name(), 0, eventstore::Direction::kForward,
                                   [&](const eventstore::StreamEvent& event) {
                                     auto shown = ShowEvent(*bus.archive().vault, bus.tenant().number(), event);
                                     EXPECT_TRUE(shown.ok()) << shown.status();
                                     const v1::LeadEvent& lead = shown->payload().lead();
                                     names.push_back(lead.has_captured() ? lead.captured().person_name().display()
                                                                         : lead.details_changed().person_name().display());
                                     return true;
                                   }).ok());
  EXPECT_EQ(names, (std::vector<std::string>{"Ann Müller", "Ann Meier"}));
}

TEST(CommandBusTest, AtomicGroupHasOneHeader) {
  Bus bus;
  const auto send = [&](const std::function<void(v1::CommandHeader*)>& change) {
    v1::Command first = Capture("1", "r-1");
    first.mutable_capture_lead()->mutable_header()->set_on_behalf_of("users/ann");
    first.mutable_capture_lead()->mutable_header()->set_channel(v1::CHANNEL_PHONE);
    v1::Command second = SetStatus("1", "hot");
    change(second.mutable_change_lead_status()->mutable_header());
    return ReasonOf(bus.SendAll({first, second}, true)[1]);
  };
  EXPECT_EQ(send([](v1::CommandHeader* header) { header->set_request_id("r-2"); }), v1::FIELD_INVALID);
  EXPECT_EQ(send([](v1::CommandHeader* header) { header->set_on_behalf_of("users/bob"); }), v1::FIELD_INVALID);
  EXPECT_EQ(send([](v1::CommandHeader* header) { header->set_channel(v1::CHANNEL_FORM); }), v1::FIELD_INVALID);
  EXPECT_EQ(bus.head(), 1u);
  EXPECT_EQ(send([](v1::CommandHeader* header) {
              header->set_request_id("r-1");
              header->set_on_behalf_of("users/ann");
            }),
            v1::ERROR_REASON_UNSPECIFIED);
  EXPECT_EQ(bus.head(), 3u);
}

TEST(CommandBusTest, RulesHoldFromTheNextCommandOn) {
  Bus bus;
  v1::Command deal;
  deal.mutable_create_deal()->set_name("deals/1");
  EXPECT_EQ(ReasonOf(bus.Send(deal)), v1::UNKNOWN_PIPELINE);
  v1::Command publish;
  v1::Pipeline* pipeline =
      publish.mutable_publish_rules()->add_rules()->mutable_content()->mutable_pipelines()->add_pipelines();
  pipeline->set_id("main");
  pipeline->add_stages()->set_id("potential");
  for (const bool atomic : {true, false}) {
    deal.mutable_create_deal()->set_name(atomic ? "deals/2" : "deals/3");
    const auto outcomes = bus.SendAll({publish, deal}, atomic);
    EXPECT_TRUE(outcomes[0].status.ok()) << outcomes[0].status;
    EXPECT_TRUE(outcomes[1].status.ok()) << outcomes[1].status;
  }
  EXPECT_EQ(bus.tenant().rules()->position(), LoadRules(bus.archive(), bus.tenant().number())->position());
}

TEST(CommandBusTest, PassedDeadlineAppendsNothing) {
  Bus bus;
  const auto outcomes = bus.Send(bus.Prepare({Capture("1")}, false, absl::InfinitePast()));
  EXPECT_EQ(ReasonOf(outcomes[0]), v1::DEADLINE_PASSED);
  EXPECT_EQ(bus.head(), 1u);
}

TEST(CommandBusTest, LimitsAreCheckedForEachCommand) {
  Bus bus;
  v1::Command large = SetStatus("1", std::string(200, 'x'));
  const auto outcomes = bus.SendAll({Capture("1"), large, v1::Command()});
  EXPECT_TRUE(outcomes[0].status.ok());
  EXPECT_EQ(ReasonOf(outcomes[1]), v1::FIELD_TOO_LONG);
  EXPECT_EQ(ReasonOf(outcomes[2]), v1::EMPTY_COMMAND);
}

// A rule of about 2 MB, another one for each number.
v1::RuleProposal LargeRule(int number) {
  v1::RuleProposal rule;
  v1::ReasonsRule* reasons = rule.mutable_content()->mutable_reasons();
  for (int i = 0; i < 1000; ++i) {
    v1::Reason* reason = reasons->add_reasons();
    reason->set_id(absl::StrCat(number, "-", i));
    for (const char* language : {"de", "en"}) (*reason->mutable_labels())[language] = std::string(1000, 'x');
  }
  return rule;
}

TEST(CommandBusTest, ACommitHasALimit) {
  Bus bus;
  std::vector<v1::Command> publications;
  for (int i = 0; i < 10; ++i) {
    v1::Command draft, publish;
    draft.mutable_draft_rules()->set_draft(absl::StrCat("drafts/", i));
    *draft.mutable_draft_rules()->add_rules() = LargeRule(i);
    publish.mutable_publish_draft()->set_draft(absl::StrCat("drafts/", i));
    publications.push_back(publish);
    const Outcome drafted = bus.Send(std::move(draft));
    ASSERT_TRUE(drafted.status.ok()) << drafted.status;
  }
  const uint64_t head = bus.head();
  const auto outcomes = bus.SendAll(publications, /*atomic=*/true);
  EXPECT_EQ(ReasonOf(outcomes[8]), v1::FIELD_TOO_LONG) << outcomes[8].status;
  EXPECT_EQ(ReasonOf(outcomes[0]), v1::ATOMIC_GROUP_REFUSED);
  EXPECT_EQ(bus.head(), head);
  EXPECT_EQ(bus.tenant().rules()->Versions(v1::RULE_KIND_REASONS).size(), 0u);
  publications.resize(7);
  for (const Outcome& outcome : bus.SendAll(publications, /*atomic=*/true)) EXPECT_TRUE(outcome.status.ok()) << outcome.status;
  EXPECT_EQ(bus.tenant().rules()->Versions(v1::RULE_KIND_REASONS).size(), 7u);
}

}  // namespace
}  // namespace recount::services
