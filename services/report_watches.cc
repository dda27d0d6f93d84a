#include "services/report_watches.h"

#include <algorithm>
#include <thread>

#include "absl/strings/str_cat.h"
#include "domain/refusal.h"
#include "eventstore/steady_time.h"
#include "projections/engine/tokens.h"
#include "services/record_reader.h"
#include "services/record_rights.h"
#include "services/report_methods.h"
#include "services/signed_token.h"

namespace recount::services {
namespace {

using projections::WatchedAnswer;
using storage::v1::ReportToken;

constexpr size_t kMostQuestions = 512;  // one tenant may have half of them
constexpr absl::Duration kLongestCount = absl::Seconds(30);

absl::Status Stopping() { return domain::Refuse(v1::SERVER_STOPPING, "the server is ending: go on from the last token received"); }

std::vector<WireBytes> OnTheWire(const WatchedAnswer::Messages& messages) {
  std::vector<WireBytes> all;
  for (const v1::WatchReportResponse& message : messages) all.push_back(std::make_shared<const std::string>(message.SerializeAsString()));
  return all;
}

// After a step as long again, up to this, so that commits which come without a pause are not held up by those who watch.
constexpr absl::Duration kLongestRest = absl::Milliseconds(50);

// Of a tenant at the same time: half of the processors.
int MostSteps() {
  static const int most = std::max(1, static_cast<int>(std::thread::hardware_concurrency()) / 2);
  return most;
}

}  // namespace

absl::StatusOr<std::function<void()>> ReportWatches::Watch(const Call& call, const v1::WatchReportRequest& request,
                                                           std::shared_ptr<PushedStream> reader) {
  auto tenant = backend_->tenants->Find(call.caller.tenant_id);
  if (!tenant.ok()) return tenant.status();
  auto asked = projections::WatchedQuestion(request, *backend_->catalogue);
  if (!asked.ok()) return asked.status();
  const eventstore::TenantNumber number = (*tenant)->number();
  const uint64_t head = backend_->archive.log->DurableHead(number).position;
  Reader newcomer{std::move(reader), std::nullopt, head, false};
  if (!request.resume_token().empty()) {
    auto from = projections::ResumedToken(request, *asked, TenantTokenKey(backend_->token_key, number), head);
    if (!from.ok()) return from.status();
    newcomer.from = *std::move(from);
  }
  (*tenant)->models().OnMove([weak = weak_from_this(), number] {
    if (const auto self = weak.lock()) self->Moved(number);
  });

  const Key key = KeyOf(number, call.caller.rights, *asked);
  std::unique_lock lock(mutex_);
  if (stopped_) return Stopping();
  Shared& question = questions_[key];
  if (question == nullptr) {
    const auto is_own = [&](const auto& other) { return other.first.first == number; };
    const auto own = static_cast<size_t>(std::count_if(questions_.begin(), questions_.end(), is_own));
    if (questions_.size() > kMostQuestions || own > kMostQuestions / 2) {
      questions_.erase(key);
      return domain::Refuse(v1::TOO_MANY_COMMANDS, "too many different questions are watched: try again");
    }
    question = std::make_shared<Question>();
    question->tenant = *tenant;
    question->request = *std::move(asked);
    question->rights = call.caller.rights;
  }
  const ReaderId id = ++newest_reader_;
  question->readers.emplace(id, std::move(newcomer));
  const Shared watched = question;
  const std::vector<Shared> failed = Schedule(watched);
  lock.unlock();
  FailForTooMany(failed);
  return [self = shared_from_this(), key, watched, id] { self->Leave(key, watched, id); };
}

ReportWatches::Key ReportWatches::KeyOf(eventstore::TenantNumber tenant, const domain::Rights& rights,
                                        const v1::RunReportRequest& request) {
  const std::string text = rights.Text();
  return {tenant, absl::StrCat(text.size(), " ", text, projections::Bytes(request))};
}

void ReportWatches::Stop() {
  Streams streams;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    for (const auto& [key, question] : questions_) {
      question->is_left = true;
      for (auto& [id, reader] : question->readers) streams.push_back(std::move(reader.stream));
      question->readers.clear();
    }
    questions_.clear();
    for (auto& [tenant, lane] : lanes_) lane.waiting.clear();
    stopping_.notify_all();
  }
  for (const auto& stream : streams) stream->End(Stopping());
}

void ReportWatches::Moved(eventstore::TenantNumber tenant) {
  std::vector<Shared> failed;
  {
    std::lock_guard lock(mutex_);
    for (auto of = questions_.lower_bound(Key(tenant, "")); of != questions_.end() && of->first.first == tenant; ++of) {
      for (Shared& question : Schedule(of->second)) failed.push_back(std::move(question));
    }
  }
  FailForTooMany(failed);
}

void ReportWatches::Leave(const Key& key, const Shared& question, ReaderId id) {
  std::lock_guard lock(mutex_);
  question->readers.erase(id);
  if (!question->readers.empty()) return;
  question->is_left = true;
  const auto found = questions_.find(key);
  if (found != questions_.end() && found->second == question) questions_.erase(found);
}

std::vector<ReportWatches::Shared> ReportWatches::Schedule(const Shared& question) {
  question->again = true;
  if (question->scheduled) return {};
  question->scheduled = true;
  lanes_[question->tenant->number()].waiting.push_back(question);
  return StartStep(question->tenant->number(), std::string(question->tenant->id()));
}

std::vector<ReportWatches::Shared> ReportWatches::StartStep(eventstore::TenantNumber tenant, const std::string& owner) {
  Lane& lane = lanes_[tenant];
  if (lane.waiting.empty() || lane.started >= MostSteps()) return {};
  if (pool_->Run(owner, [self = shared_from_this(), tenant, owner] { self->RunStep(tenant, owner); })) {
    ++lane.started;
    return {};
  }
  if (lane.started > 0) return {};  // they will come to it
  std::vector<Shared> failed(lane.waiting.begin(), lane.waiting.end());
  lane.waiting.clear();
  return failed;
}

void ReportWatches::RunStep(eventstore::TenantNumber tenant, const std::string& owner) {
  Shared question;
  {
    std::lock_guard lock(mutex_);
    Lane& lane = lanes_[tenant];
    if (!lane.waiting.empty()) {
      question = std::move(lane.waiting.front());
      lane.waiting.pop_front();
    }
  }
  const absl::Time start = eventstore::SteadyNow();
  if (question != nullptr) Step(question);
  const absl::Duration rest = std::min(eventstore::SteadyNow() - start, kLongestRest);
  std::vector<Shared> failed;
  {
    std::unique_lock lock(mutex_);
    stopping_.wait_for(lock, absl::ToChronoNanoseconds(rest), [this] { return stopped_; });
    --lanes_[tenant].started;
    failed = StartStep(tenant, owner);
  }
  FailForTooMany(failed);
}

void ReportWatches::FailForTooMany(const std::vector<Shared>& questions) {
  for (const Shared& question : questions) {
    Fail(question, domain::Refuse(v1::TOO_MANY_COMMANDS, "too many questions are waiting: try again, from the last token received"));
  }
}

void ReportWatches::Fail(const Shared& question, const absl::Status& status) {
  Streams streams;
  {
    std::lock_guard lock(mutex_);
    question->scheduled = false;
    question->is_left = true;
    for (auto& [id, reader] : question->readers) streams.push_back(std::move(reader.stream));
    question->readers.clear();
    const Key key = KeyOf(question->tenant->number(), question->rights, question->request);
    const auto found = questions_.find(key);
    if (found != questions_.end() && found->second == question) questions_.erase(found);
  }
  for (const auto& stream : streams) stream->End(status);
}

void ReportWatches::Step(const Shared& question) {
  {
    std::lock_guard lock(mutex_);
    question->again = false;
    if (question->readers.empty()) {
      question->scheduled = false;
      return;
    }
  }
  if (absl::Status counted = CountNow(question); !counted.ok()) return Fail(question, counted);
  const Newcomers newcomers = question->now == nullptr ? Newcomers() : NextNewcomers(*question);
  Greet(question, newcomers);
  std::vector<Shared> failed;
  {
    std::lock_guard lock(mutex_);
    question->scheduled = false;
    if (stopped_ || question->readers.empty()) return;
    if (question->again || !newcomers.are_all) failed = Schedule(question);
  }
  FailForTooMany(failed);
}

absl::Status ReportWatches::CountNow(const Shared& question) {
  auto snapshot = question->tenant->models().Read(0, eventstore::SteadyNow());
  if (!snapshot.ok()) return snapshot.status();
  const uint64_t position = (*snapshot)->position(), generation = (*snapshot)->generation();
  if (question->now != nullptr && position == question->position && generation == question->generation) return absl::OkStatus();
  Streams told;
  bool is_asked = false;
  {
    std::lock_guard lock(mutex_);
    for (const auto& [id, reader] : question->readers) {
      is_asked |= reader.is_told || reader.awaits <= position;
      if (reader.is_told) told.push_back(reader.stream);
    }
  }
  if (!is_asked) return absl::OkStatus();  // the tables are on their way to what somebody wants to know
  auto counted = Count(*question, **snapshot, nullptr);
  if (!counted.ok()) return counted.status();
  if (!told.empty()) {
    const std::vector<WireBytes> messages = OnTheWire((*counted)->Since(*question->now));
    if (!messages.empty()) {
      for (const auto& stream : told) stream->Push(messages, false);
    }
  }
  question->now = *std::move(counted);
  question->position = position;
  question->generation = generation;
  return absl::OkStatus();
}

absl::StatusOr<std::shared_ptr<const WatchedAnswer>> ReportWatches::Count(const Question& question, const projections::Snapshot& snapshot,
                                                                          const ReportToken* from) {
  ++counted_;
  Call call;
  call.caller.rights = question.rights;
  call.deadline = eventstore::SteadyNow() + kLongestCount;
  call.cancelled = [this, &question] { return question.is_left || backend_->stopping; };
  const RecordReader reader(backend_);
  const auto head_rules = reader.Rules(*question.tenant);
  if (!head_rules.ok()) return head_rules.status();
  projections::EngineContext context = MakeEngineContext(backend_, call, *question.tenant, snapshot, **head_rules);
  context.may_be_helped = false;  // watches leave the processors to whoever asks
  // As they were, so that a name that has changed since is told, whichever position the watch goes on from.
  const uint64_t position = from == nullptr ? snapshot.position() : from->pin().position();
  auto seen = SeenBy(backend_, *question.tenant, call.caller);
  if (!seen.ok()) return seen.status();
  context.label = [reader, &question, position, seen = *std::move(seen)](absl::string_view name) -> std::string {
    auto folded = reader.ReadAt(*question.tenant, name, position);
    return folded.ok() && Sees(seen, (*folded)->state) ? DisplayName((*folded)->state) : "";
  };
  return WatchedAnswer::Count(*backend_->catalogue, question.request, from, context);
}

ReportWatches::Newcomers ReportWatches::NextNewcomers(const Question& question) {
  Newcomers next;
  std::string bytes;  // of next.from
  std::lock_guard lock(mutex_);
  for (const auto& [id, reader] : question.readers) {
    if (reader.is_told) continue;
    if (reader.awaits > question.position) continue;  // the tables are on their way, and will tell
    const std::string own = reader.from ? projections::Bytes(reader.from->pin()) : "";
    if (next.ids.empty()) {
      next.from = reader.from;
      bytes = own;
    }
    if (own != bytes || reader.from.has_value() != next.from.has_value()) {
      next.are_all = false;
      continue;
    }
    next.ids.push_back(id);
    next.streams.push_back(reader.stream);
  }
  return next;
}

void ReportWatches::Greet(const Shared& question, const Newcomers& newcomers) {
  if (newcomers.ids.empty()) return;
  std::vector<WireBytes> messages;
  absl::Status failed;
  if (newcomers.from) {
    auto snapshot = question->tenant->models().Read(0, eventstore::SteadyNow());
    auto former = snapshot.ok() ? Count(*question, **snapshot, &*newcomers.from) : snapshot.status();
    failed = former.status();
    if (former.ok()) messages = OnTheWire(question->now->Since(**former));
  } else {
    messages = OnTheWire(question->now->Whole());
  }
  for (const auto& stream : newcomers.streams) {
    if (!failed.ok()) stream->End(failed);
    if (failed.ok() && !messages.empty()) stream->Push(messages, !newcomers.from.has_value());
  }
  std::lock_guard lock(mutex_);
  for (const ReaderId id : newcomers.ids) {
    const auto found = question->readers.find(id);
    if (found == question->readers.end()) continue;
    if (failed.ok()) {
      found->second.is_told = true;
    } else {
      question->readers.erase(found);
    }
  }
}

}  // namespace recount::services
