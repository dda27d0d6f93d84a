// The shape of funnels: stages and how many records reached them (decisions.md 13).
#include <algorithm>
#include <map>
#include <memory>
#include <thread>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "projections/engine/compare.h"
#include "projections/engine/funnel_count.h"
#include "projections/engine/group_keys.h"
#include "projections/engine/key_labels.h"
#include "projections/engine/parts.h"
#include "projections/engine/shape.h"

namespace recount::projections {
namespace {

// A step less the step of all groups: "vs team average" (reports.md, sales_funnel).
constexpr absl::string_view kAboveAverage = "step_above_average";
constexpr absl::string_view kMeasures[] = {"reached",   "continued", "step",        "cumulative",
                                           "lost_here", "skipped",   "regressions", kAboveAverage};

bool IsRatio(absl::string_view measure) { return measure == "step" || measure == "cumulative" || measure == kAboveAverage; }

absl::StatusOr<FunnelMode> ModeOf(absl::string_view id) {
  if (id == "strict") return FunnelMode::kStrict;
  if (id == "touched") return FunnelMode::kTouched;
  if (id == "implied") return FunnelMode::kImplied;
  return domain::Refuse(v1::DEFINITION_INVALID,
                        absl::StrCat("A funnel has the modes strict, touched and implied, not `", id, "`."), "modes");
}

// What a record or a group brings to one measure of one line.
Scalar CellOf(absl::string_view measure, const std::vector<FunnelLine>& lines, int line, int open) {
  const FunnelLine& at = lines[line];
  Scalar cell;
  if (measure == "reached") cell.number = at.reached;
  if (measure == "continued") cell.number = at.continued;
  if (measure == "lost_here") cell.number = at.lost_here;
  if (measure == "skipped") cell.number = at.skipped;
  if (measure == "regressions") cell.number = at.regressions;
  if (measure == "step" && line < open) cell = {at.continued, at.reached, kNull};
  if (measure == "cumulative" && line <= open) cell = {at.came_through, lines[0].reached, kNull};
  return cell;
}

Scalar Shown(Scalar cell, bool is_ratio) {
  if (is_ratio && cell.denominator == 0) return Scalar();
  return cell;
}

class Funnel {
 public:
  // `all`: records count whenever they were created.
  Funnel(const Query& query, FunnelMode mode, bool all)
      : query_(query), all_(all || (query.mode != nullptr && query.mode->by_measure_axis())),
        rows_(all_ ? query.world->AllRows(*query.subject) : RowsByAxis(query, query.axis)), keys_(query),
        count_(query, mode, all, rows_->size()) {}

  // For a thread that helps: `query` is of ForHelper().
  Funnel(const Query& query, const Funnel& other)
      : query_(query), all_(other.all_), rows_(other.rows_), keys_(query), count_(query, other.count_) {}

  // One at least, which may be empty.
  size_t parts() const { return std::max<size_t>(1, (rows_->size() + of_part() - 1) / of_part()); }

  // As FunnelCount::ForEach(), of the records of all parts that nobody else takes.
  using Visitor =
      std::function<void(int64_t record, absl::Span<const int64_t> groups, int ladder, const std::vector<FunnelLine>& lines)>;
  void ForEach(Parts* parts, const Visitor& visit) {
    for (auto part = parts->Next(); part && !query_.halt->AskNow(); part = parts->Next()) {
      const Selection records = Part(rows_->Slice(*part * of_part(), of_part()));
      const RowGroups groups = keys_.Group(records);
      count_.ForEach(records, [&](size_t row, int ladder, const std::vector<FunnelLine>& lines) {
        visit(records.record(row), groups.Of(row), ladder, lines);
      });
    }
  }
  void ForEach(const Visitor& visit) {
    Parts all(parts());
    ForEach(&all, visit);
  }

  GroupKeys& keys() { return keys_; }
  FunnelCount& count() { return count_; }
  const Query& query() const { return query_; }

 private:
  size_t of_part() const { return query_.world->options().rows_of_part; }
  Selection Part(Rows rows) const {
    return all_ ? SelectIn(query_, *query_.world, std::move(rows)) : SelectByAxis(query_, query_.axis, std::move(rows));
  }

  const Query& query_;
  const bool all_;
  const RowList rows_;
  GroupKeys keys_;
  FunnelCount count_;
};

absl::StatusOr<std::unique_ptr<Funnel>> Prepare(const Query& query) {
  const auto mode = ModeOf(query.mode == nullptr ? "strict" : query.mode->id());
  if (!mode.ok()) return mode.status();
  const std::string by = ArgumentOf(query, "by");
  if (!by.empty() && by != "cohort" && by != "period") {
    return domain::Refuse(v1::PARAMETER_INVALID,
                          absl::StrCat("`by` is `cohort` (records created in the period) or `period` (entries in the period), "
                                       "not `", by, "`."),
                          "parameters.arguments[by]");
  }
  return std::make_unique<Funnel>(query, *mode, by == "period");
}

using Sums = std::map<std::pair<int64_t, int>, std::vector<FunnelLine>>;  // by group and ladder

// Lines by ladder and group, the total first.
class LineSums {
 public:
  void Add(int ladder, size_t place, const std::vector<FunnelLine>& lines) {
    if (by_ladder_.size() <= static_cast<size_t>(ladder)) by_ladder_.resize(ladder + 1);
    auto& groups = by_ladder_[ladder];
    if (groups.size() <= place) groups.resize(place + 1);
    auto& sum = groups[place];
    sum.resize(lines.size());
    for (size_t line = 0; line < lines.size(); ++line) sum[line] += lines[line];
  }

  void AddParts(Funnel* funnel, Parts* parts) {
    const bool grouped = funnel->keys().grouped();
    funnel->ForEach(parts, [&](int64_t, absl::Span<const int64_t> groups, int ladder, const std::vector<FunnelLine>& lines) {
      for (const int64_t group : groups) Add(ladder, PlaceOf(group), lines);
      if (grouped) Add(ladder, PlaceOf(GroupKeys::kTotal), lines);
    });
  }

  // What was summed up of another funnel's parts.
  void Take(const LineSums& other, Funnel* others, Funnel* own) {
    for (size_t ladder = 0; ladder < other.by_ladder_.size(); ++ladder) {
      const int here = own->count().Take(others->count().ladders()[ladder]);
      for (size_t place = 0; place < other.by_ladder_[ladder].size(); ++place) {
        const std::vector<FunnelLine>& lines = other.by_ladder_[ladder][place];
        if (!lines.empty()) Add(here, PlaceOf(own->keys().Take(others->keys(), GroupAt(place))), lines);
      }
    }
  }

  Sums Done() {
    Sums sums;
    for (size_t ladder = 0; ladder < by_ladder_.size(); ++ladder) {
      for (size_t place = 0; place < by_ladder_[ladder].size(); ++place) {
        auto& sum = by_ladder_[ladder][place];
        if (!sum.empty()) sums[{GroupAt(place), static_cast<int>(ladder)}] = std::move(sum);
      }
    }
    return sums;
  }

 private:
  static size_t PlaceOf(int64_t group) { return static_cast<size_t>(group - GroupKeys::kTotal); }
  static int64_t GroupAt(size_t place) { return static_cast<int64_t>(place) + GroupKeys::kTotal; }

  std::vector<std::vector<std::vector<FunnelLine>>> by_ladder_;
};

Sums SumUp(Funnel* funnel) {
  Parts parts(funnel->parts());
  LineSums sums;
  const Help help = parts.size() > 1 ? Help::Ask() : Help();
  const std::unique_ptr<Query> query = help.granted() ? ForHelper(funnel->query()) : nullptr;
  if (query == nullptr) {
    sums.AddParts(funnel, &parts);
    return sums.Done();
  }
  Funnel helper(*query, *funnel);
  LineSums others;
  std::thread thread([&] { others.AddParts(&helper, &parts); });
  sums.AddParts(funnel, &parts);
  thread.join();
  TakeCounted(*query, funnel->query());
  funnel->keys().TakeTypes(helper.keys());
  sums.Take(others, &helper, funnel);
  return sums.Done();
}

// No value for what is no group of several.
Scalar AboveAverage(const std::vector<FunnelLine>& lines, const std::vector<FunnelLine>& all, int line, int open) {
  if (&lines == &all) return Scalar();
  const Scalar own = Shown(CellOf("step", lines, line, open), true), average = Shown(CellOf("step", all, line, open), true);
  return Difference(own, average, true);
}

// Won is the last line, also where the pipeline has stages behind it.
std::vector<Term> LinesInOrder(const Query& query, const FunnelCount& count) {
  std::vector<Term> order;
  for (const FunnelLadder& ladder : count.ladders()) {
    for (int line = 0; line <= ladder.open(); ++line) {
      order.emplace_back(query.texts->Code(ladder.pipeline), query.texts->Code(ladder.Line(line)));
    }
  }
  return order;
}

// Of no record at all: the lines of every pipeline, with nothing in them.
Sums SumsOfNothing(Funnel& funnel) {
  Sums sums;
  const auto& ladders = funnel.count().ladders();
  const int64_t whole = funnel.keys().grouped() ? GroupKeys::kTotal : 0;
  for (size_t ladder = 0; ladder < ladders.size(); ++ladder) {
    sums[{whole, static_cast<int>(ladder)}].resize(ladders[ladder].open() + 2);
  }
  return sums;
}

// `all`: the lines of all groups.
void AddRows(const Query& query, Funnel& funnel, int64_t group, int ladder, const std::vector<FunnelLine>& lines,
             const std::vector<FunnelLine>& all, bool of_nothing, Answer* answer) {
  const FunnelLadder& steps = funnel.count().ladders()[ladder];
  for (int line = 0; line < static_cast<int>(lines.size()); ++line) {
    const bool unknown = line == steps.open() + 1;
    if (unknown && lines[line].reached == 0 && lines[line].lost_here == 0) continue;
    AnswerRow row;
    row.is_total = group == GroupKeys::kTotal;
    row.of_nothing = of_nothing;
    row.cells = funnel.keys().Cells(group);
    const int64_t pipeline = query.texts->Code(steps.pipeline);
    row.cells.push_back({pipeline});
    row.cells.push_back(unknown ? Scalar() : Scalar{query.texts->Code(steps.Line(line)), 0, kNull, pipeline});
    for (const int shown : query.shown) {
      const std::string& measure = query.all_measures[shown].measure->id();
      row.cells.push_back(measure == kAboveAverage ? AboveAverage(lines, all, line, steps.open())
                                                   : Shown(CellOf(measure, lines, line, steps.open()), IsRatio(measure)));
    }
    answer->rows.push_back(std::move(row));
  }
}

std::string Formula(absl::string_view measure, absl::string_view stage, absl::string_view first, absl::string_view next) {
  const auto reached = [](absl::string_view id) { return absl::StrCat("count(deal that reached ", id, ")"); };
  if (measure == "reached") return reached(stage);
  if (measure == "continued") return absl::StrCat("count(deal that reached ", stage, " and after it ", next, ")");
  if (measure == "step") return absl::StrCat("count(deal that reached ", stage, " and after it ", next, ") / ", reached(stage));
  if (measure == "cumulative" && stage == first) return absl::StrCat(reached(stage), " / ", reached(first));
  if (measure == "cumulative") {
    return absl::StrCat("count(deal that reached ", first, " and after it ", stage, ") / ", reached(first));
  }
  if (measure == "lost_here") return absl::StrCat("count(deal lost while in ", stage, ")");
  if (measure == "skipped") return absl::StrCat("count(deal that came to a later stage without ", stage, ")");
  return absl::StrCat("count(moves from ", stage, " to an earlier stage)");
}

Node FieldNode(const char* name) {
  Node node;
  node.kind = Node::Kind::kField;
  node.name = name;
  return node;
}

class FunnelShape : public Shape {
 public:
  absl::Status Check(const v1::ReportDefinition& definition) const override {
    if (definition.subject() != "deal") {
      return domain::Refuse(v1::DEFINITION_INVALID, "A funnel counts deals: its subject is `deal`.", "subject");
    }
    for (const v1::Mode& mode : definition.modes()) {
      if (const auto known = ModeOf(mode.id()); !known.ok()) return known.status();
    }
    for (const v1::Measure& measure : definition.measures()) {
      if (std::find(std::begin(kMeasures), std::end(kMeasures), measure.id()) == std::end(kMeasures)) {
        return domain::Refuse(v1::DEFINITION_INVALID, absl::StrCat("A funnel has no measure `", measure.id(), "`."),
                              absl::StrCat("measures[", measure.id(), "]"));
      }
    }
    return absl::OkStatus();
  }

  std::vector<absl::string_view> Tables(const v1::ReportDefinition& definition) const override {
    return {definition.subject(), "deal_state", "stage_visit"};
  }

  absl::StatusOr<Answer> Run(const Query& query) const override {
    auto funnel = Prepare(query);
    if (!funnel.ok()) return funnel.status();
    Sums sums = SumUp(funnel->get());
    const bool of_nothing = sums.empty();
    if (of_nothing) sums = SumsOfNothing(**funnel);
    Answer answer;
    answer.columns = (*funnel)->keys().Columns();
    for (size_t i = 0; i < answer.columns.size(); ++i) DescribeKey(query, *query.group_by[i].expr, &answer.columns[i]);
    const v1::FunnelShape& shape = query.definition->funnel();
    answer.columns.push_back(KeyColumn(query, shape.pipeline(), Type::kText));
    DescribeKey(query, FieldNode("pipeline"), &answer.columns.back());
    answer.columns.push_back(KeyColumn(query, shape.stage(), Type::kText));
    DescribeKey(query, FieldNode("stage"), &answer.columns.back());
    answer.columns.back().order = LinesInOrder(query, (*funnel)->count());
    for (const int shown : query.shown) {
      const v1::Measure& measure = *query.all_measures[shown].measure;
      answer.columns.push_back(MeasureColumn(query, measure, Type::kInteger));
      answer.columns.back().column.set_non_additive(IsRatio(measure.id()) || (*funnel)->keys().has_sets());
      // A difference: the two steps that it is of open by themselves.
      if (measure.id() == kAboveAverage) answer.columns.back().opens = false;
    }
    for (const int64_t group : (*funnel)->keys().InOrder()) {
      for (size_t ladder = 0; ladder < (*funnel)->count().ladders().size(); ++ladder) {
        const auto sum = sums.find({group, static_cast<int>(ladder)});
        if (sum == sums.end()) continue;
        const auto all = (*funnel)->keys().grouped() ? sums.find({GroupKeys::kTotal, static_cast<int>(ladder)}) : sum;
        AddRows(query, **funnel, group, static_cast<int>(ladder), sum->second, all->second, of_nothing, &answer);
      }
    }
    return answer;
  }

  absl::StatusOr<Explanation> Explain(const Query& query, const CellAddress& cell) const override;
};

// The line that a cell's address names.
struct Target {
  std::string pipeline;
  std::string stage;  // empty: unknown
  int64_t group = -2;
};

absl::StatusOr<Target> TargetOf(const Query& query, Funnel* funnel, const CellAddress& cell) {
  const size_t dimensions = query.group_by.size();
  if (cell.key.size() != dimensions + 2 || cell.key[dimensions].number == kNull) {
    return domain::Refuse(v1::TOKEN_INVALID, "The cell id names no line of a funnel.", "cell_id");
  }
  Target target;
  target.pipeline = std::string(query.texts->Text(cell.key[dimensions].number));
  const int64_t stage = cell.key[dimensions + 1].number;
  if (stage != kNull) target.stage = std::string(query.texts->Text(stage));
  target.group = cell.is_total ? GroupKeys::kTotal
                               : funnel->keys().Expect(absl::MakeConstSpan(cell.key).subspan(0, dimensions));
  return target;
}

int LineOf(const FunnelLadder& ladder, const std::string& stage) {
  if (stage.empty()) return ladder.open() + 1;
  for (int line = 0; line <= ladder.open(); ++line) {
    if (ladder.Line(line) == stage) return line;
  }
  return -1;
}

bool InGroup(absl::Span<const int64_t> groups, int64_t group) {
  return group == GroupKeys::kTotal || std::find(groups.begin(), groups.end(), group) != groups.end();
}

absl::StatusOr<Explanation> FunnelShape::Explain(const Query& query, const CellAddress& cell) const {
  auto funnel = Prepare(query);
  if (!funnel.ok()) return funnel.status();
  const auto target = TargetOf(query, funnel->get(), cell);
  if (!target.ok()) return target.status();
  Explanation explanation;
  explanation.is_ratio = IsRatio(cell.column);
  Scalar sum{0, 0, kNull};
  const auto& ladders = (*funnel)->count().ladders();
  (*funnel)->ForEach([&](int64_t record, absl::Span<const int64_t> groups, int ladder, const std::vector<FunnelLine>& lines) {
    if (ladders[ladder].pipeline != target->pipeline) return;
    if (!InGroup(groups, target->group)) return;
    const int line = LineOf(ladders[ladder], target->stage);
    if (line < 0) return;
    const Scalar brings = CellOf(cell.column, lines, line, ladders[ladder].open());
    if (brings.number == kNull || (brings.number == 0 && brings.denominator == 0)) return;
    Contribution contribution;
    contribution.record = record;
    if (explanation.is_ratio) {
      contribution.numerator = {brings.number};
      contribution.denominator = {brings.denominator};
    } else {
      contribution.value = {brings.number};
    }
    sum.number += brings.number;
    sum.denominator += brings.denominator;
    explanation.contributions.push_back(contribution);
  });
  explanation.value = Shown(sum, explanation.is_ratio);
  if (const v1::Measure* measure = FindMeasure(*query.definition, cell.column)) explanation.definition = measure->definition();
  const std::string stage = target->stage.empty() ? "an unknown stage" : target->stage;
  for (const FunnelLadder& ladder : ladders) {
    if (ladder.pipeline != target->pipeline) continue;
    const int line = LineOf(ladder, target->stage);
    explanation.formula = Formula(cell.column, stage, ladder.Line(0), line < ladder.open() ? ladder.Line(line + 1) : "");
  }
  return explanation;
}

}  // namespace

const Shape& FunnelReports() {
  static const FunnelShape shape;
  return shape;
}

}  // namespace recount::projections
