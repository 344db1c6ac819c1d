#include "reporter/heartbeat_client.h"

#include <algorithm>
#include <utility>

#include "dnsd/base/duration.h"
#include "dnsd/base/log.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;
using heartbeat::v1::Heartbeat;

// A restarted dnsd should be found soon: without reports it answers from what it remembers.
constexpr Duration kFirstRetry = 200ms;
constexpr Duration kMostRetry = 5s;
// A refusal is for an operator to mend; until then it should not fill anybody's log. It may also be
// a matter of seconds: the node's former reporter is not known to be dead yet.
constexpr Duration kFirstRetryRefused = 2s;
constexpr Duration kMostRetryRefused = 30s;
constexpr Duration kAcceptLimit = 10s;  // from the attempt to Accepted

// The sampling clock and this one tick apart; a beat this close to due is due.
constexpr double kDueShare = 0.9;

}  // namespace

std::string GrpcTarget(const std::string& dnsd) {
  const auto endpoint = Endpoint::Parse(dnsd);
  if (!endpoint) return "dns:///" + dnsd;
  return (endpoint->address.family() == IpFamily::kV4 ? "ipv4:" : "ipv6:") + dnsd;
}

HeartbeatClient::HeartbeatClient(event_base* base, Mailbox& mailbox, const NodeState& node,
                                 Identity identity, std::string dnsd, ChannelSecurity security,
                                 std::uint64_t seed)
    : mailbox_(mailbox),
      node_(node),
      identity_(std::move(identity)),
      dnsd_(std::move(dnsd)),
      security_(std::move(security)),
      random_(seed),
      boot_id_(random_.Next()),
      interval_(identity_.interval),
      lost_backoff_(kFirstRetry, kMostRetry),
      refused_backoff_(kFirstRetryRefused, kMostRetryRefused),
      retry_(base, [this] { Connect(); }),
      accept_limit_(base, [this] { GiveUpConnecting(); }) {
  Connect();
}

HeartbeatClient::~HeartbeatClient() {
  if (stream_ != nullptr) stream_->LetGo();
}

void HeartbeatClient::Connect() {
  phase_ = Phase::kConnecting;
  refused_ = false;
  interval_ = identity_.interval;
  stream_ = HeartbeatStream::Open(GrpcTarget(dnsd_), security_, mailbox_, *this);
  accept_limit_.After(kAcceptLimit);
  WriteHello();
}

void HeartbeatClient::GiveUpConnecting() {
  Complain("no answer to the greeting within " + DurationText(kAcceptLimit));
  stream_->Cancel();
}

void HeartbeatClient::WriteHello() {
  const MonotonicTime now = MonotonicClock::now();
  ReporterMessage message;
  auto& hello = *message.mutable_hello();
  hello.set_node(identity_.node);
  for (const IpAddress& address : identity_.addresses) {
    const auto octets = address.octets();
    hello.add_addresses(octets.data(), octets.size());
  }
  hello.set_software_version(DNSD_VERSION);
  hello.set_interval_ms(static_cast<std::uint32_t>(identity_.interval / 1ms));
  hello.set_token(identity_.token);
  hello.set_boot_id(boot_id_);
  hello.set_region(identity_.place.region);
  if (identity_.place.latitude) hello.set_latitude(*identity_.place.latitude);
  if (identity_.place.longitude) hello.set_longitude(*identity_.place.longitude);
  hello.set_asn(identity_.place.asn);
  news_.Resend();
  demand_.Resend();
  storage_.Resend();
  FillHeartbeat(now, *hello.mutable_state());
  writing_ = true;
  pending_ = false;
  sent_ = now;
  stream_->Write(std::move(message));
}

void HeartbeatClient::FillHeartbeat(MonotonicTime now, Heartbeat& out) {
  out.set_sequence(++sequence_);
  out.set_age_ms(static_cast<std::uint32_t>((now - node_.sampled) / 1ms));
  *out.mutable_load() = node_.load;
  *out.mutable_node_health() = node_.health;
  news_.Tell(node_, out);
  demand_.Tell(node_.demand, out);
  rtts_.Tell(node_.rtts, now, out);
  storage_.Tell(node_, out);
  out.set_names_decider(node_.decider == dnsd_);
  const auto tasks = node_.tasks.find(dnsd_);
  if (tasks == node_.tasks.end()) return;
  out.mutable_tasks()->Assign(tasks->second.begin(), tasks->second.end());
}

void HeartbeatClient::Report(MonotonicTime now, bool urgent) {
  if (stream_ == nullptr || phase_ == Phase::kLeaving) return;
  if (!urgent && Seconds(now - sent_) < kDueShare * Seconds(interval_)) return;
  if (writing_) {
    pending_ = true;
  } else {
    WriteHeartbeat(now);
  }
}

void HeartbeatClient::WriteHeartbeat(MonotonicTime now) {
  ReporterMessage message;
  FillHeartbeat(now, *message.mutable_heartbeat());
  writing_ = true;
  pending_ = false;
  sent_ = now;
  stream_->Write(std::move(message));
}

void HeartbeatClient::OnWritten() {
  writing_ = false;
  if (phase_ == Phase::kLeaving) {
    if (!leaving_reason_.empty()) WriteLeaving();
  } else if (pending_) {
    WriteHeartbeat(MonotonicClock::now());
  }
}

void HeartbeatClient::Leave(const std::string& reason) {
  retry_.Stop();
  accept_limit_.Stop();
  if (stream_ == nullptr) {
    phase_ = Phase::kFinished;
    return;
  }
  phase_ = Phase::kLeaving;
  leaving_reason_ = reason;
  if (!writing_) WriteLeaving();
}

void HeartbeatClient::WriteLeaving() {
  ReporterMessage message;
  message.mutable_leaving()->set_reason(std::exchange(leaving_reason_, ""));
  writing_ = true;
  stream_->WriteLast(std::move(message));
}

void HeartbeatClient::OnMessage(const DnsdMessage& message) {
  if (phase_ == Phase::kLeaving) return;
  switch (message.message_case()) {
    case DnsdMessage::kAccepted:
      return TakeAccepted(message.accepted());
    case DnsdMessage::kSetInterval:
      return TakeInterval(message.set_interval().interval_ms());
    case DnsdMessage::kResendFull:
      spdlog::info("dnsd {} wants the full list of sites: {}", dnsd_,
                   message.resend_full().reason());
      news_.Resend();
      demand_.Resend();
      return Report(MonotonicClock::now(), true);
    case DnsdMessage::kTasks:
      if (take_) take_(message.tasks());
      return;
    case DnsdMessage::kRefusal:
      refused_ = true;
      return Complain("refused: " + message.refusal().reason());
    case DnsdMessage::MESSAGE_NOT_SET:
      return;  // a directive of a later version
  }
}

void HeartbeatClient::TakeAccepted(const heartbeat::v1::Accepted& accepted) {
  accept_limit_.Stop();
  phase_ = Phase::kReporting;
  lost_backoff_.Reset();
  refused_backoff_.Reset();
  complaint_.clear();
  spdlog::info("dnsd {} ({}) takes our reports", dnsd_,
               accepted.software_version().empty() ? "no version" : accepted.software_version());
  for (const std::string& warning : accepted.warnings()) {
    spdlog::warn("dnsd {}: {}", dnsd_, warning);
  }
}

void HeartbeatClient::TakeInterval(std::uint32_t interval_ms) {
  const Duration wanted = std::chrono::milliseconds(interval_ms);
  interval_ = std::clamp<Duration>(wanted, 100ms, 60s);
  spdlog::info("dnsd {} wants a report every {}", dnsd_, DurationText(interval_));
}

void HeartbeatClient::OnEnded(const grpc::Status& status) {
  stream_ = nullptr;
  writing_ = false;
  accept_limit_.Stop();
  if (phase_ == Phase::kLeaving) {
    phase_ = Phase::kFinished;
    return;
  }
  if (lost_) lost_();
  if (refused_) return Retry(refused_backoff_.Next(0.5 + random_.Unit() / 2));
  Complain(status.ok() ? "it ended the stream" : status.error_message());
  Retry(lost_backoff_.Next(random_.Unit()));
}

void HeartbeatClient::Retry(Duration wait) {
  phase_ = Phase::kWaiting;
  retry_.After(wait);
}

// Each trouble is told once, not at every attempt.
void HeartbeatClient::Complain(const std::string& what) {
  if (what == complaint_) {
    spdlog::debug("dnsd {}: {}", dnsd_, what);
    return;
  }
  complaint_ = what;
  if (refused_) {
    spdlog::error("dnsd {}: {}; trying again now and then", dnsd_, what);
  } else {
    spdlog::warn("dnsd {}: {}; trying again", dnsd_, what);
  }
}

}  // namespace dnsd::reporter
