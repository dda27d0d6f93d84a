// What a client keeps of a report that it watches, for tests: messages applied as report.proto says.
#ifndef RECOUNT_SERVICES_WATCH_TESTING_H_
#define RECOUNT_SERVICES_WATCH_TESTING_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "recount/v1/report.pb.h"

namespace recount::services {

inline std::string WithoutIds(v1::Row row) {
  for (v1::Cell& cell : *row.mutable_cells()) cell.clear_cell_id();
  return row.SerializeAsString();
}

class WatchedModel {
 public:
  // True: it ended a change, which is applied now.
  bool Take(const v1::WatchReportResponse& message) {
    EXPECT_LE(message.rows_size() + message.removed_size(), 1000);
    EXPECT_LT(message.ByteSizeLong(), 4u << 20);
    change_.push_back(message);
    if (message.resume_token().empty()) return false;
    Apply();
    return true;
  }

  // The stream broke: what has come of a change that has not ended is no part of what it goes on from.
  void DropUnfinished() { change_.clear(); }

  std::vector<std::string> Rows() const {
    std::vector<std::string> rows;
    for (const auto& [key, row] : rows_) rows.push_back(WithoutIds(row));
    return rows;
  }
  // Whether it has what RunReport answered.
  void ExpectEqual(const v1::RunReportResponse& answer) const {
    std::vector<std::string> rows;
    for (const v1::Row& row : answer.rows()) rows.push_back(WithoutIds(row));
    EXPECT_TRUE(Rows() == rows) << "at position " << answer.basis().position() << " there are " << rows.size() << " rows, and "
                                    << rows_.size() << " are known";
    EXPECT_EQ(columns_, Text(answer.columns()));
    EXPECT_EQ(notes_, Text(answer.notes()));
    EXPECT_EQ(total_rows_, answer.total_rows());
  }

  const v1::WatchReportResponse& last() const { return last_; }
  uint64_t position() const { return last_.basis().position(); }
  const std::string& token() const { return last_.resume_token(); }
  const std::vector<std::pair<std::string, v1::Row>>& rows() const { return rows_; }
  int changes() const { return changes_; }
  int restarts() const { return restarts_; }

 private:
  template <typename Items>
  static std::vector<std::string> Text(const Items& items) {
    std::vector<std::string> all;
    for (const auto& item : items) all.push_back(item.ShortDebugString());
    return all;
  }

  void Apply() {
    const auto rows_before = Rows();
    const auto notes_before = notes_;
    for (const v1::WatchReportResponse& message : change_) {
      if (message.restarts()) {
        ++restarts_;
        rows_.clear();
        columns_ = Text(message.columns());
      }
    }
    std::set<std::string> out;
    for (const v1::WatchReportResponse& message : change_) {
      out.insert(message.removed().begin(), message.removed().end());
      for (const v1::WatchedRow& row : message.rows()) out.insert(row.key());
    }
    rows_.erase(std::remove_if(rows_.begin(), rows_.end(), [&](const auto& row) { return out.count(row.first) > 0; }), rows_.end());
    for (const v1::WatchReportResponse& message : change_) {
      for (const v1::WatchedRow& row : message.rows()) {
        ASSERT_LE(static_cast<size_t>(row.place()), rows_.size());
        rows_.insert(rows_.begin() + row.place(), {row.key(), row.row()});
      }
    }
    last_ = change_.back();
    total_rows_ = last_.total_rows();
    EXPECT_EQ(static_cast<size_t>(total_rows_), rows_.size());
    notes_ = Text(last_.notes());
    const bool is_first = changes_++ == 0 || change_.front().restarts();
    EXPECT_TRUE(is_first || Rows() != rows_before || notes_ != notes_before) << "nothing changed, and it was told";
    change_.clear();
  }

  std::vector<v1::WatchReportResponse> change_;  // as far as it has come
  std::vector<std::pair<std::string, v1::Row>> rows_;
  std::vector<std::string> columns_, notes_;
  int64_t total_rows_ = 0;
  v1::WatchReportResponse last_;
  int changes_ = 0, restarts_ = 0;
};

}  // namespace recount::services

#endif  // RECOUNT_SERVICES_WATCH_TESTING_H_
