// Options of reports that are texts, with what their help says.
#include "tools/cli/commands.h"

namespace recount::tools {

std::vector<TextOption> TextOptionsOf(ReportOptions* options) {
  return {
      {"--period", &options->period, "2026, 2026-Q2, 2026-04, 2026-W14, FY2026-Q1, 2026-04-01..2026-06-30"},
      {"--as-of", &options->as_of, "What was known then: position, date or time", false},
      {"--valid-at", &options->valid_at, "What was true then: date or time"},
      {"--basis", &options->basis, "Rules: current, head, as-recorded, at:POSITION, at:DATE, draft:NAME"},
      {"--attribution", &options->attribution, "Whose it is: at-event, at-close, current"},
      {"--mode", &options->mode, "A mode of the report"},
      {"--by", &options->by, "Groupings, with commas; - for none"},
      {"--filter", &options->filter, "E.g. 'owner = \"users/7\" AND value > 1000'"},
      {"--currency", &options->currency, "Convert all money to it"},
      {"--rights", &options->rights, "Only records of these owners: users/7,teams/north,org_units/sales,unassigned"},
      {"--measures", &options->measures, "Only these, with commas"},
      {"--sort", &options->sort, "COLUMN, 'COLUMN desc', several with commas"},
      {"--record", &options->record, "Of a timeline: deals/7, or deals/external/SOURCE/ID", false},
      {"--opening-as-of", &options->opening_as_of, "Of a movement: knowledge at its opening", false},
      {"--opening-valid-at", &options->opening_valid_at, "Of a movement: moment of its opening"},
      {"--language", &options->language, "Of labels, e.g. he"},
      {"--compare", &options->compare, "prior, period:P, draft:NAME, as-of:X, valid-at:X, at:X, head, as-recorded", false},
  };
}

std::vector<TextOption> TextOptionsOf(DiffOptions* options) {
  return {
      {"--to-as-of", &options->to_as_of, "The other answer: what was known then; default: now"},
      {"--to-valid-at", &options->to_valid_at, "The other answer: what was so then"},
      {"--to-period", &options->to_period, "The other answer: another period"},
      {"--to-basis", &options->to_basis, "The other answer: other rules, as in --basis"},
      {"--to-filter", &options->to_filter, "The other answer: another filter"},
      {"--to-rights", &options->to_rights, "The other answer: records of other owners"},
      {"--before", &options->before, "The `pin` of an answer in JSON, instead of a report and its options"},
      {"--after", &options->after, "The `pin` of the other answer"},
  };
}

}  // namespace recount::tools
