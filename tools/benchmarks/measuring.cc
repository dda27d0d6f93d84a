#include "tools/benchmarks/measuring.h"

#include <dirent.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <sstream>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"

namespace recount::tools {
namespace {

struct ProcessTimes {
  int parent = 0;
  double cpu_seconds = 0;  // its own, and that of children waited for
};

// Of /proc/PID/stat; nothing is 0 if it is gone.
ProcessTimes TimesOf(const std::string& pid) {
  std::ifstream file("/proc/" + pid + "/stat");
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  const size_t name_end = text.rfind(')');
  ProcessTimes times;
  if (name_end == std::string::npos) return times;
  std::istringstream fields(text.substr(name_end + 2));
  std::string word;
  for (int i = 0; i < 15 && fields >> word; ++i) {
    if (i == 1) times.parent = std::atoi(word.c_str());
    if (i >= 11)
      times.cpu_seconds += std::atof(word.c_str()) / static_cast<double>(sysconf(_SC_CLK_TCK));
  }
  return times;
}

}  // namespace

double SecondsSince(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

void Fail(absl::string_view sentence) {
  std::fprintf(stderr, "%.*s\n", static_cast<int>(sentence.size()), sentence.data());
  std::_Exit(1);
}

Arguments::Arguments(int argc, char** argv, std::string usage) : usage_(std::move(usage)) {
  for (int i = 1; i < argc; ++i) {
    const std::string word = argv[i];
    const size_t equals = word.find('=');
    if (word.rfind("--", 0) == 0 && equals != std::string::npos) {
      given_[word.substr(2, equals - 2)] = word.substr(equals + 1);
    } else if (i == 1 && word.rfind("--", 0) != 0) {
      mode_ = word;
    } else {
      Fail("usage: " + usage_);
    }
  }
}

std::string Arguments::Text(const std::string& name, const std::string& otherwise) {
  read_.insert(name);
  const auto found = given_.find(name);
  return found == given_.end() ? otherwise : found->second;
}

double Arguments::Number(const std::string& name, double otherwise) {
  const std::string text = Text(name);
  double number = otherwise;
  if (!text.empty() && !absl::SimpleAtod(text, &number))
    Fail(absl::StrCat("--", name, " needs a number"));
  return number;
}

void Arguments::Finish() const {
  for (const auto& [name, value] : given_) {
    if (read_.count(name) == 0)
      Fail(absl::StrCat("there is no flag --", name, " here; usage: ", usage_));
  }
}

double OwnCpuSeconds() {
  rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return time.tv_sec + time.tv_usec / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double CpuSecondsOf(int pid) {
  if (pid == 0) return 0;
  double seconds = TimesOf(std::to_string(pid)).cpu_seconds;
  DIR* processes = opendir("/proc");
  while (const dirent* entry = processes == nullptr ? nullptr : readdir(processes)) {
    if (entry->d_name[0] < '0' || entry->d_name[0] > '9') continue;
    const ProcessTimes times = TimesOf(entry->d_name);
    if (times.parent == pid) seconds += times.cpu_seconds;
  }
  if (processes != nullptr) closedir(processes);
  return seconds;
}

double Latencies::Percentile(double share) {
  if (values_.empty()) return 0;
  const double rank = std::ceil(share * static_cast<double>(values_.size()));
  const size_t index = std::min(values_.size() - 1, static_cast<size_t>(std::max(1.0, rank)) - 1);
  std::nth_element(values_.begin(), values_.begin() + index, values_.end());
  return values_[index];
}

ResultLine& ResultLine::Add(const std::string& name, double value) {
  fields_.emplace_back(name, value);
  return *this;
}

ResultLine& ResultLine::Add(Latencies latencies) {
  return Add("p50_us", latencies.Percentile(0.5)).Add("p99_us", latencies.Percentile(0.99));
}

double ResultLine::Get(const std::string& name) const {
  for (const auto& [field, value] : fields_) {
    if (field == name) return value;
  }
  return 0;
}

void ResultLine::Print() const {
  std::string text = "{";
  for (const auto& [name, value] : fields_) {
    char number[40];
    std::snprintf(number, sizeof(number), "%.12g", value);
    absl::StrAppend(&text, text.size() == 1 ? "" : ", ", "\"", name, "\": ", number);
  }
  std::printf("%s}\n", text.c_str());
  std::fflush(stdout);
}

void CpuMeter::Start() {
  own_ = OwnCpuSeconds();
  server_ = CpuSecondsOf(server_pid_);
}

void CpuMeter::Stop() {
  own_ = OwnCpuSeconds() - own_;
  server_ = CpuSecondsOf(server_pid_) - server_;
}

void CpuMeter::AddTo(ResultLine* line, double operations) const {
  const double each = operations == 0 ? 0 : 1e6 / operations;
  line->Add("client_cpu_us", own_ * each);
  if (server_pid_ != 0) line->Add("server_cpu_us", server_ * each);
}

}  // namespace recount::tools
