#include "projections/engine/expression.h"

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace recount::projections {
namespace {

using testing::HasSubstr;

std::string Print(const Syntax& node) {
  if (node.parts.empty()) return node.kind == Syntax::Kind::kText ? absl::StrCat("'", node.text, "'") : node.text.empty() ? "null" : node.text;
  std::string text = absl::StrCat("(", node.text);
  for (const auto& part : node.parts) absl::StrAppend(&text, " ", Print(*part));
  return text + ")";
}

std::string Tree(absl::string_view text, Dialect dialect = Dialect::kDefinition) {
  auto tree = Parse(text, dialect);
  return tree.ok() ? Print(**tree) : std::string(tree.status().message());
}
std::string Filter(absl::string_view text) { return Tree(text, Dialect::kFilter); }

TEST(ParserTest, DefinitionsBindAndTighterThanOr) {
  EXPECT_EQ(Tree("a or b and c"), "(or a (and b c))");
  EXPECT_EQ(Tree("(a or b) and c"), "(and (or a b) c)");
  EXPECT_EQ(Tree("a || b && !c"), "(or a (and b (not c)))");
}

TEST(ParserTest, FiltersBindOrTighterThanAnd) {
  EXPECT_EQ(Filter("a AND b OR c"), "(and a (or b c))");
  EXPECT_EQ(Filter("a OR b AND c OR d"), "(and (or a b) (or c d))");
  EXPECT_EQ(Filter("a = 1 b = 2"), "(and (= a 1) (= b 2))");
  EXPECT_EQ(Filter("a b OR c"), "(and a (or b c))");
  EXPECT_EQ(Filter("NOT a AND -b"), "(and (not a) (not b))");
  EXPECT_EQ(Filter("a = -5 AND b:*"), "(and (= a (- 5)) (has b))");
  EXPECT_EQ(Filter("a >= 2018-04-01"), "(>= a '2018-04-01')");
}

TEST(ParserTest, ArithmeticComparisonAndCalls) {
  EXPECT_EQ(Tree("a + b * -c - 1 >= 2"), "(>= (- (+ a (* b (- c))) 1) 2)");
  EXPECT_EQ(Tree("if(a == 'x', \"y\\\"z\", null)"), "(if (= a 'x') 'y\"z' null)");
  EXPECT_EQ(Tree("a not in [1, 2]"), "(not (in a 1 2))");
  EXPECT_EQ(Tree("tags : \"vip\""), "(: tags 'vip')");
  EXPECT_EQ(Tree("deal.lead.captured_at"), "deal.lead.captured_at");
  EXPECT_EQ(Tree("field.big-one = $x"), "(= field.big-one x)");
}

TEST(ParserTest, ErrorsNameThePlace) {
  EXPECT_THAT(Tree("a = "), HasSubstr("character 5: expected a value, found the end"));
  EXPECT_THAT(Tree("a = (b"), HasSubstr("expected `)`"));
  EXPECT_THAT(Tree("a ? b"), HasSubstr("character 3: `?` means nothing here"));
  EXPECT_THAT(Tree("a = 'x"), HasSubstr("character 5: the text has no closing '"));
  EXPECT_THAT(Tree("1 < 2 < 3"), HasSubstr("cannot be chained"));
  EXPECT_THAT(Tree(""), HasSubstr("empty"));
  EXPECT_THAT(Tree("12ab"), HasSubstr("goes over into a name"));
  EXPECT_THAT(Tree("and a"), HasSubstr("expected a value, found `and`"));
}

TEST(ParserTest, SizeAndDepthAreLimited) {
  EXPECT_THAT(Tree(std::string(5000, 'a')), HasSubstr("longer than 4096"));
  const std::string opening(100, '('), closing(100, ')');
  EXPECT_THAT(Tree(absl::StrCat(opening, "a", closing)), HasSubstr("nested deeper than 64"));
  EXPECT_THAT(Tree(absl::StrCat(std::string(100, '!'), "a")), HasSubstr("nested deeper than 64"));
  EXPECT_THAT(Tree(absl::StrCat(std::string(100, '-'), "a")), HasSubstr("nested deeper than 64"));
  std::string many = "1";
  for (int i = 0; i < 1000; ++i) many += "+1";
  EXPECT_THAT(Tree(many), HasSubstr("more than 1000 parts"));
}

absl::StatusOr<Expr> Checked(absl::string_view text, absl::string_view subject = "deal", Dialect dialect = Dialect::kDefinition,
                             Type wanted = Type::kAny) {
  return Compile(text, *FindSubject(subject), Schema(), {dialect, "where", wanted});
}
std::string TypeText(absl::string_view text, absl::string_view subject = "deal") {
  auto expr = Checked(text, subject);
  return std::string(expr.ok() ? TypeName((*expr)->type) : expr.status().message());
}

TEST(CheckTest, TypesOfFieldsAndFunctions) {
  EXPECT_EQ(TypeText("value"), "money");
  EXPECT_EQ(TypeText("weighted - value * 2"), "money");
  EXPECT_EQ(TypeText("lead.captured_at"), "time");
  EXPECT_EQ(TypeText("deal.lead.owner"), "record");
  EXPECT_EQ(TypeText("month(won_at)"), "day");
  EXPECT_EQ(TypeText("days_between(created_at, \"2018-01-01\")"), "integer");
  EXPECT_EQ(TypeText("expected_close - today"), "integer");
  EXPECT_EQ(TypeText("if(is_open, null, 3)"), "integer");
  EXPECT_EQ(TypeText("field.anything"), "any");
  EXPECT_EQ(TypeText("min_of(deal, lead, won_at, outcome = 'won')", "lead"), "time");
  EXPECT_EQ(TypeText("count_of(stage_visit, record) > 1"), "flag");
  EXPECT_EQ(TypeText("organization.sector"), "text");
}

TEST(CheckTest, WrongNamesGetTheRightOnes) {
  EXPECT_THAT(TypeText("sorce = \"x\"", "lead"), HasSubstr("where, character 1: no field `sorce` in lead; did you mean `source`?"));
  EXPECT_THAT(TypeText("lead.sorce", "deal"), HasSubstr("did you mean `source`?"));
  EXPECT_THAT(TypeText("source.x", "deal"), HasSubstr("leads to no record"));
  EXPECT_THAT(TypeText("mnth(won_at)"), HasSubstr("no function `mnth`; did you mean `month`?"));
  EXPECT_THAT(TypeText("$days > 1"), HasSubstr("no parameter $days"));
  EXPECT_THAT(TypeText("count_of(deal, person)", "lead"), HasSubstr("does not lead to leads"));
  EXPECT_THAT(TypeText("count_of(dael, lead)", "lead"), HasSubstr("did you mean `deal`?"));
  EXPECT_THAT(TypeText("lead.deal.lead.deal.lead.deal.value"), HasSubstr("references are followed"));
}

TEST(CheckTest, WrongTypesAreRefused) {
  EXPECT_THAT(TypeText("source = 3"), HasSubstr("text and integer do not go together"));
  EXPECT_THAT(TypeText("source and is_open"), HasSubstr("needs yes or no, not text"));
  EXPECT_THAT(TypeText("won_at - created_at"), HasSubstr("use days_between"));
  EXPECT_THAT(TypeText("created_at > \"soon\""), HasSubstr("\"soon\" is no date"));
  EXPECT_THAT(TypeText("day(\"infinite-future\")"), HasSubstr("\"infinite-future\" is no date"));
  EXPECT_THAT(TypeText("created_at < \"999999-1-1\""), HasSubstr("is no date"));
  EXPECT_THAT(TypeText("month(source)"), HasSubstr("needs a time or a day, not text"));
  EXPECT_THAT(TypeText("days_between(won_at)"), HasSubstr("it is written `days_between(from, to)`"));
  EXPECT_THAT(TypeText("tags = \"vip\""), HasSubstr("tags : "));
  EXPECT_THAT(TypeText("axis"), HasSubstr("there is no axis here"));
  auto wrong = Checked("value", "deal", Dialect::kDefinition, Type::kFlag);
  EXPECT_THAT(std::string(wrong.status().message()), HasSubstr("is money, but flag is needed"));
}

TEST(CheckTest, TheReasonIsOfTheDialect) {
  EXPECT_EQ(domain::ReasonOf(Checked("nothing = 1").status()), v1::DEFINITION_INVALID);
  EXPECT_EQ(domain::ReasonOf(Checked("nothing = 1", "deal", Dialect::kFilter).status()), v1::FILTER_INVALID);
  EXPECT_EQ(domain::ReasonOf(Parse("((", Dialect::kFilter).status()), v1::FILTER_INVALID);
}

}  // namespace
}  // namespace recount::projections
