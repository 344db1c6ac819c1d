// Keeps one dnsd informed: connects, says who the node is, reports, and comes back when the stream
// is lost.
//
//   waiting --retry--> connecting --Accepted--> reporting --Leave--> leaving --> finished
//      ^                   |                        |
//      +---- back-off -----+------------------------+
#pragma once

#include <grpcpp/grpcpp.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/ip.h"
#include "dnsd/base/random.h"
#include "reporter/backoff.h"
#include "reporter/event_loop.h"
#include "reporter/heartbeat_stream.h"
#include "reporter/hosting.h"
#include "reporter/place.h"

namespace dnsd::reporter {

// Who the node is, the same for every dnsd.
struct Identity {
  std::string node;
  std::vector<IpAddress> addresses;
  Duration interval{};
  std::string token;
  Place place;

  friend bool operator==(const Identity&, const Identity&) = default;
};

// "HOST:PORT" as gRPC takes it: an IP address is not looked up.
std::string GrpcTarget(const std::string& dnsd);

// Heartbeats never queue: while one is being written, the next waits as "the newest state", so a
// slow dnsd gets fewer, not older ones. Belongs to the loop's thread; borrows everything it is
// given but the values.
class HeartbeatClient final : private HeartbeatStream::Listener {
 public:
  HeartbeatClient(event_base* base, Mailbox& mailbox, const NodeState& node, Identity identity,
                  std::string dnsd, ChannelSecurity security, std::uint64_t seed);
  ~HeartbeatClient();
  HeartbeatClient(const HeartbeatClient&) = delete;
  HeartbeatClient& operator=(const HeartbeatClient&) = delete;

  // The node's state is new. It is sent now if `urgent`, else when this dnsd's interval has passed.
  void Report(MonotonicTime now, bool urgent);
  void SiteChanged(const std::string& site) { news_.Changed(site); }
  void ResendHosting() { news_.Resend(); }
  // Called in the loop with each list of tasks.
  void OnTasks(std::function<void(const heartbeat::v1::Tasks&)> take) { take_ = std::move(take); }
  // Called in the loop when a stream has ended on which tasks may have come.
  void OnLost(std::function<void()> lost) { lost_ = std::move(lost); }

  // Says that the node is leaving, and ends the stream once that is written.
  void Leave(const std::string& reason);
  // It has left, or had no stream to leave.
  bool finished() const { return phase_ == Phase::kFinished; }

  // How often this dnsd wants to be told; the configured interval unless it has asked otherwise.
  Duration interval() const { return interval_; }
  const std::string& dnsd() const { return dnsd_; }

 private:
  enum class Phase { kWaiting, kConnecting, kReporting, kLeaving, kFinished };

  void OnMessage(const DnsdMessage& message) override;
  void OnWritten() override;
  void OnEnded(const grpc::Status& status) override;

  void Connect();
  void Retry(Duration wait);
  void GiveUpConnecting();
  void WriteHello();
  void WriteHeartbeat(MonotonicTime now);
  void WriteLeaving();
  void FillHeartbeat(MonotonicTime now, heartbeat::v1::Heartbeat& out);
  void TakeAccepted(const heartbeat::v1::Accepted& accepted);
  void TakeInterval(std::uint32_t interval_ms);
  void Complain(const std::string& what);

  Mailbox& mailbox_;
  const NodeState& node_;
  const Identity identity_;
  const std::string dnsd_;
  const ChannelSecurity security_;
  Random random_;
  const std::uint64_t boot_id_;
  std::uint64_t sequence_ = 0;

  Phase phase_ = Phase::kWaiting;
  HeartbeatStream* stream_ = nullptr;  // owns itself; null while waiting or finished
  bool writing_ = false;
  bool pending_ = false;  // there is something newer than what is being written
  bool refused_ = false;
  Duration interval_;
  MonotonicTime sent_;
  HostingNews news_;
  DemandNews demand_;
  RttNews rtts_;
  StorageNews storage_;
  std::function<void(const heartbeat::v1::Tasks&)> take_;
  std::function<void()> lost_;
  std::string leaving_reason_;
  std::string complaint_;  // logged last; cleared by success

  Backoff lost_backoff_;
  Backoff refused_backoff_;
  Timer retry_;
  Timer accept_limit_;
};

}  // namespace dnsd::reporter
