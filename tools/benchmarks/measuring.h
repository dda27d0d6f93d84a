// What the measuring programs share: flags, processor time, latencies, and the one line of JSON
// that each prints.
#ifndef RECOUNT_TOOLS_BENCHMARKS_MEASURING_H_
#define RECOUNT_TOOLS_BENCHMARKS_MEASURING_H_

#include <chrono>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/string_view.h"

namespace recount::tools {

using Clock = std::chrono::steady_clock;

double SecondsSince(Clock::time_point begin);
inline double MicrosSince(Clock::time_point begin) { return SecondsSince(begin) * 1e6; }

// Ends the program with a sentence.
[[noreturn]] void Fail(absl::string_view sentence);

// `MODE --name=value ...`. A flag that the program does not read is an error: call Finish() when
// all are read.
class Arguments {
 public:
  Arguments(int argc, char** argv, std::string usage);
  const std::string& mode() const { return mode_; }
  std::string Text(const std::string& name, const std::string& otherwise = "");
  double Number(const std::string& name, double otherwise);
  uint64_t Count(const std::string& name, uint64_t otherwise) {
    return static_cast<uint64_t>(Number(name, otherwise));
  }
  void Finish() const;

 private:
  const std::string usage_;
  std::string mode_;
  std::map<std::string, std::string> given_;
  std::set<std::string> read_;
};

// Seconds of processor time that this process has used.
double OwnCpuSeconds();
// The same of another process and its children, living and waited for; 0 if `pid` is 0.
double CpuSecondsOf(int pid);

// Every value is kept.
class Latencies {
 public:
  void Add(double micros) { values_.push_back(static_cast<float>(micros)); }
  void Add(const Latencies& other) {
    values_.insert(values_.end(), other.values_.begin(), other.values_.end());
  }
  void Clear() { values_.clear(); }
  // Nearest rank; 0 if there is none.
  double Percentile(double share);

 private:
  std::vector<float> values_;
};

// What was measured, in the order given, as one line of JSON on stdout.
class ResultLine {
 public:
  ResultLine& Add(const std::string& name, double value);
  ResultLine& Add(Latencies latencies);
  double Get(const std::string& name) const;  // 0: not there
  void Print() const;

 private:
  std::vector<std::pair<std::string, double>> fields_;
};

// Processor time of the measured window: ours and that of the server.
class CpuMeter {
 public:
  explicit CpuMeter(int server_pid) : server_pid_(server_pid) { Start(); }
  void Start();
  void Stop();
  void AddTo(ResultLine* line, double operations) const;

 private:
  const int server_pid_;
  double own_ = 0;
  double server_ = 0;
};

}  // namespace recount::tools

#endif  // RECOUNT_TOOLS_BENCHMARKS_MEASURING_H_
