#include "dnsd/server/reporter_stream.h"

#include <algorithm>
#include <chrono>
#include <utility>
#include <variant>

#include "dnsd/base/duration.h"
#include "dnsd/base/log.h"
#include "dnsd/server/grpc_port.h"

namespace dnsd::server {
namespace {

namespace v1 = heartbeat::v1;
using namespace std::chrono_literals;

constexpr std::uint32_t kLeastIntervalMs = 100;
constexpr std::uint32_t kMostIntervalMs = 60'000;
constexpr std::uint32_t kUsualIntervalMs = 1'000;
constexpr std::size_t kMostWaiting = 64;          // directives not yet read by the reporter
constexpr std::size_t kKeptMessageSize = 65'536;  // octets: larger ones' memory is given back
constexpr Duration kWarningPeriod = 10s;          // one line a stream

std::uint32_t Milliseconds(Duration duration) {
  return static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::milliseconds>(duration).count());
}

// A directive as it goes over the wire.
struct Encode {
  v1::DnsdMessage& out;

  void operator()(const fleet::Accepted& accepted) const {
    out.mutable_accepted()->set_software_version(DNSD_VERSION);
    for (const std::string& warning : accepted.warnings)
      out.mutable_accepted()->add_warnings(warning);
  }
  void operator()(const fleet::SetInterval& set) const {
    out.mutable_set_interval()->set_interval_ms(Milliseconds(set.interval));
  }
  void operator()(const fleet::ResendFull& resend) const {
    out.mutable_resend_full()->set_reason(resend.reason);
  }
  void operator()(const fleet::Refusal& refusal) const {
    out.mutable_refusal()->set_reason(refusal.reason);
  }
  void operator()(const fleet::Tasks& tasks) const {
    v1::Tasks& all = *out.mutable_tasks();  // an empty list too is told
    for (const fleet::Task& task : tasks.tasks) EncodeTask(task, *all.add_tasks());
    all.set_decides(tasks.decides);
    for (const std::string& site : tasks.may_drop) all.add_may_drop(site);
    all.set_grace_ms(Milliseconds(tasks.grace));
  }

 private:
  static void EncodeTask(const fleet::Task& task, v1::Task& to) {
    to.set_id(task.id);
    to.set_kind(static_cast<v1::Task::Kind>(static_cast<int>(task.kind) + v1::Task::INSTANTIATE));
    to.set_site(task.site);
    to.set_content_version(task.content_version);
    to.set_bytes(task.bytes);
    to.set_held(task.held);
    for (const fleet::Task::Source& source : task.sources) {
      v1::Source& from = *to.add_sources();
      from.set_node(source.node);
      for (const IpAddress& address : source.addresses) {
        const auto octets = address.octets();
        from.add_addresses(octets.data(), octets.size());
      }
    }
  }
};

}  // namespace

ReporterStream::ReporterStream(StreamHost& host, fleet::StreamId id,
                               grpc::CallbackServerContext& context, MonotonicTime now)
    : host_(host), context_(context), id_(id), peer_(PeerAddress(context)), heard_(now) {
  StartRead(&in_);
}

bool ReporterStream::speaks() const {
  std::lock_guard lock(mutex_);
  return speaks_;
}

void ReporterStream::Send(fleet::Directive directive) {
  std::lock_guard lock(mutex_);
  if (auto* accepted = std::get_if<fleet::Accepted>(&directive)) {
    std::move(hello_warnings_.begin(), hello_warnings_.end(),
              std::back_inserter(accepted->warnings));
    hello_warnings_.clear();
  }
  Enqueue(directive);
  if (std::holds_alternative<fleet::Accepted>(directive) && hello_interval_) {
    Enqueue(fleet::SetInterval{*hello_interval_});
    hello_interval_.reset();
  }
  if (const auto* refusal = std::get_if<fleet::Refusal>(&directive)) {
    closing_ = grpc::Status(grpc::StatusCode::INVALID_ARGUMENT, refusal->reason);
  }
  Pump();
}

void ReporterStream::Refuse(HeartbeatFault fault, const absl::Status& why) {
  host_.fault_counts().Add(fault);
  host_.Warn("reporter at " + peer_ + " refused: " + Message(why));
  std::lock_guard lock(mutex_);
  if (closing_) return;
  Enqueue(fleet::Refusal{Message(why)});
  closing_ = grpc::Status(static_cast<grpc::StatusCode>(why.code()), Message(why));
  Pump();
}

void ReporterStream::Close(const grpc::Status& status) {
  std::lock_guard lock(mutex_);
  if (!closing_) closing_ = status;
  Pump();
}

void ReporterStream::CloseIfSilent(MonotonicTime now, Duration hello, Duration silence) {
  std::unique_lock lock(mutex_);
  const Duration allowed = speaks_ ? silence : hello;
  if (finished_ || now - heard_ < allowed) return;
  if (closing_) {
    context_.TryCancel();
    return;
  }
  lock.unlock();
  Refuse(HeartbeatFault::kSilent,
         absl::DeadlineExceededError("nothing heard for " + DurationText(allowed)));
}

void ReporterStream::OnReadDone(bool ok) {
  if (!ok) {
    Close(grpc::Status::OK);
    return;
  }
  const MonotonicTime now = MonotonicClock::now();
  {
    std::lock_guard lock(mutex_);
    if (closing_) return;
    heard_ = now;
  }
  Take(now);
  if (in_.ByteSizeLong() > kKeptMessageSize) {
    in_ = v1::ReporterMessage();
  } else {
    in_.Clear();
  }
  std::lock_guard lock(mutex_);
  if (!closing_) StartRead(&in_);
}

void ReporterStream::OnWriteDone(bool ok) {
  std::lock_guard lock(mutex_);
  writing_ = false;
  if (!ok) {
    waiting_.clear();
    if (!closing_) closing_ = grpc::Status::CANCELLED;
  }
  Pump();
}

void ReporterStream::OnCancel() {
  std::lock_guard lock(mutex_);
  waiting_.clear();
  if (!closing_) closing_ = grpc::Status::CANCELLED;
  Pump();
}

void ReporterStream::OnDone() {
  host_.Closed(this);
  delete this;
}

void ReporterStream::Take(MonotonicTime now) {
  using Kind = v1::ReporterMessage;
  if (grant_ == nullptr && in_.message_case() != Kind::kHello) {
    Refuse(HeartbeatFault::kNoHello,
           absl::InvalidArgumentError("the first message is no Hello, wanted one"));
    return;
  }
  switch (in_.message_case()) {
    case Kind::kHello:
      TakeHello(in_.hello(), now);
      break;
    case Kind::kHeartbeat:
      TakeHeartbeat(in_.heartbeat(), now);
      break;
    case Kind::kLeaving:
      host_.inbox().Put({id_, now, fleet::Leaving{OneLine(in_.leaving().reason())}});
      Close(grpc::Status::OK);  // what might follow must not revive the node
      break;
    case Kind::MESSAGE_NOT_SET:  // of a newer reporter, maybe: not understood, no harm done
      host_.fault_counts().Add(HeartbeatFault::kEmptyMessage);
      break;
  }
}

void ReporterStream::TakeHello(const v1::Hello& in, MonotonicTime now) {
  if (grant_ != nullptr) {
    Refuse(HeartbeatFault::kNoHello,
           absl::InvalidArgumentError("a second Hello on one stream, wanted heartbeats"));
    return;
  }
  if (const auto status = Identify(in.token()); !status.ok()) {
    Refuse(HeartbeatFault::kIdentity, status);
    return;
  }
  if (const auto status = CheckNodeName(in.node()); !status.ok()) {
    Refuse(HeartbeatFault::kNodeName, status);
    return;
  }
  auto addresses = ReadAddresses(in);
  if (!addresses.ok()) {
    Refuse(HeartbeatFault::kAddress, addresses.status());
    return;
  }
  if (const auto status = MaySpeakFor(*grant_, in.node(), *addresses); !status.ok()) {
    Refuse(HeartbeatFault::kNotGranted, status);
    return;
  }
  if (!TakesHosting(in.state(), true)) return;
  node_ = in.node();
  Findings findings(host_.fault_counts());
  fleet::Hello hello{.node = node_,
                     .addresses = *std::move(addresses),
                     .software_version = Excerpt(in.software_version()),
                     .interval = CheckInterval(in.interval_ms(), findings),
                     .boot_id = in.boot_id(),
                     .place = ReadPlace(in, findings),
                     .state = ReadHeartbeat(in.state(), findings)};
  LeaveOutSitesNotGranted(hello.state, findings);
  LogFindings(findings);
  {
    std::lock_guard lock(mutex_);
    speaks_ = true;
    hello_warnings_ = findings.texts();
  }
  host_.Spoke();
  host_.inbox().Put({id_, now, std::move(hello)});
}

// Before anything else of the Hello is read: a stranger is to cost nothing.
absl::Status ReporterStream::Identify(const std::string& token) {
  auto grants = host_.grants();
  const auto grant = grants->Identify(token, CertificateNames(context_));
  if (!grant.ok()) return grant.status();
  grants_ = std::move(grants);
  grant_ = *grant;
  return absl::OkStatus();
}

Duration ReporterStream::CheckInterval(std::uint32_t interval_ms, Findings& findings) {
  const std::uint32_t wanted = interval_ms == 0 ? kUsualIntervalMs : interval_ms;
  const std::uint32_t held = std::clamp(wanted, kLeastIntervalMs, kMostIntervalMs);
  const Duration interval = std::chrono::milliseconds(held);
  if (held != interval_ms) {
    findings.Add(HeartbeatFault::kInterval, "interval: found " + std::to_string(interval_ms) +
                                                " ms, wanted 100 to 60000; taken as " +
                                                std::to_string(held));
    std::lock_guard lock(mutex_);
    hello_interval_ = interval;
  }
  return interval;
}

void ReporterStream::TakeHeartbeat(const v1::Heartbeat& in, MonotonicTime now) {
  if (!TakesHosting(in, false)) return;
  Findings findings(host_.fault_counts());
  fleet::Heartbeat beat = ReadHeartbeat(in, findings);
  LeaveOutSitesNotGranted(beat, findings);
  host_.inbox().Put({id_, now, std::move(beat)});
  if (findings.texts().empty() || now - warned_ < kWarningPeriod) return;
  warned_ = now;
  LogFindings(findings);
}

// False, and refused, if the message hosts too many sites or more than is granted. A Hello without
// hosting hosts every site.
bool ReporterStream::TakesHosting(const v1::Heartbeat& in, bool is_hello) {
  if (const auto status = CheckHostingSize(in.hosting()); !status.ok()) {
    Refuse(HeartbeatFault::kTooMany, status);
    return false;
  }
  const bool hosts_all = in.has_hosting() ? in.hosting().kind() == v1::Hosting::ALL : is_hello;
  if (!hosts_all || grant_->sites.empty()) return true;
  Refuse(HeartbeatFault::kNotGranted,
         absl::PermissionDeniedError("hosting every site is not granted to this reporter; wanted a "
                                     "list of its sites"));
  return false;
}

void ReporterStream::LeaveOutSitesNotGranted(fleet::Heartbeat& beat, Findings& findings) {
  const auto not_granted = [&](const auto& site) {
    if (MayHost(*grant_, site.name)) return false;
    findings.Add(HeartbeatFault::kNotGranted, "site '" + Excerpt(site.name.ToString()) +
                                                  "' is not granted to this reporter; left out");
    return true;
  };
  std::erase_if(beat.hosting.sites, not_granted);
  std::erase_if(beat.demand.sites, not_granted);
}

void ReporterStream::LogFindings(const Findings& findings) {
  for (const std::string& text : findings.texts()) {
    host_.Warn("node " + Excerpt(node_) + " at " + peer_ + ": " + text);
  }
}

// With mutex_ held.
void ReporterStream::Enqueue(const fleet::Directive& directive) {
  if (closing_) return;
  if (waiting_.size() == kMostWaiting) {
    host_.fault_counts().Add(HeartbeatFault::kUnread);
    waiting_.clear();
    closing_ = grpc::Status(grpc::StatusCode::RESOURCE_EXHAUSTED, "directives are not being read");
    context_.TryCancel();
    return;
  }
  std::visit(Encode{waiting_.emplace_back()}, directive);
}

// Starts the next operation, with mutex_ held: a write if one waits, else the end if it is due.
void ReporterStream::Pump() {
  if (writing_ || finished_) return;
  if (!waiting_.empty()) {
    writing_ = true;
    out_ = std::move(waiting_.front());
    waiting_.pop_front();
    StartWrite(&out_);
  } else if (closing_) {
    finished_ = true;
    Finish(*closing_);
  }
}

}  // namespace dnsd::server
