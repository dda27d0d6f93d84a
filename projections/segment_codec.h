// Bytes of kept parts of tables. Every encoding ends with the XXH3 checksum (8 bytes) of what stands before it.
//
//   segment    := column*                          rows of one table but their `until`s; columns: record, item, since,
//                                                  valid_from, valid_to, then the table's own
//   column     := 'n'                              no row has a value
//               | 'a' delta*                       every row has one
//               | 's' presence delta*              some have: a bit for each row, lowest first, then the values
//   delta      := varint                           zigzag of the difference to the value before, modulo 2^64
//   untils     := delta*                           0: open, else `until` - `since`
//   texts      := (varint length, bytes)*
#ifndef RECOUNT_PROJECTIONS_SEGMENT_CODEC_H_
#define RECOUNT_PROJECTIONS_SEGMENT_CODEC_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "projections/interval_table.h"

namespace recount::projections {

// Rows [first, last) of a table.
std::string EncodeSegment(const IntervalTable& table, size_t first, size_t last);
std::string EncodeUntils(const IntervalTable& table, size_t first, size_t last);
// Texts [first, last) of a dictionary.
std::string EncodeTexts(const Dictionary& dictionary, size_t first, size_t last);

// Columns of a segment in the order of the grammar. One of the table's own without a value in any row is empty.
struct Segment {
  std::vector<std::vector<int64_t>> columns;
};
// False: damaged, or not of `rows` rows.
bool DecodeSegment(absl::string_view bytes, size_t rows, size_t column_count, Segment* segment);
// `until` - `since`, 0 for open ones; as many as there are.
bool DecodeUntils(absl::string_view bytes, std::vector<uint64_t>* spans);
// Adds the texts to the dictionary (Dictionary::AddKept).
bool DecodeTexts(absl::string_view bytes, Dictionary* dictionary);

// Adds and checks the checksum at the end.
void Seal(std::string* bytes);
bool Unseal(absl::string_view* bytes);

}  // namespace recount::projections

#endif  // RECOUNT_PROJECTIONS_SEGMENT_CODEC_H_
