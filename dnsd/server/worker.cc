#include "dnsd/server/worker.h"

#include <pthread.h>
#include <time.h>

#include "dnsd/base/log.h"

namespace dnsd::server {
namespace {

constexpr timeval kTick = {1, 0};
constexpr timeval kStopPoll = {0, 20'000};
constexpr int kMostStopPolls = 50;
// Batches taken from one socket before the others have their turn.
constexpr int kBatchesATurn = 16;
// A batch of this many at least says that more are on their way: asking again costs less than
// waiting for the event.
constexpr std::size_t kBusy = UdpSocket::kBatch / 8;
constexpr unsigned kTcpTurns = 4;   // of TCP clients until UDP has one
constexpr int kLastBatches = 1000;  // answered on the way out

// The monotonic clock as the kernel's last tick left it, some milliseconds ago: no system call.
std::chrono::milliseconds CoarseTime() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC_COARSE, &time);
  return std::chrono::seconds(time.tv_sec) + std::chrono::milliseconds(time.tv_nsec / 1'000'000);
}

}  // namespace

// A UDP socket and what wakes its worker for it. While queries come without a pause it is not
// watched, but served turn by turn: a watched socket costs the kernel a wake-up for every response
// that leaves it (an eighth of its share at saturation), readable or not.
struct Worker::UdpEvent {
  Worker& worker;
  UdpSocket socket;
  event* readable = nullptr;
  event* next_turn = nullptr;
  bool is_watched = true;

  ~UdpEvent() {
    for (event* e : {readable, next_turn}) {
      if (e != nullptr) event_free(e);
    }
  }
  void Unwatch() {
    if (is_watched) event_del(readable);
    is_watched = false;
  }
  // Where the kernel has no memory for it, the socket is asked again soon.
  void Watch() {
    constexpr timeval kSoon = {0, 1000};
    if (!is_watched) is_watched = event_add(readable, nullptr) == 0;
    if (!is_watched) event_add(next_turn, &kSoon);
  }
};

Worker::Worker(std::size_t number, const Published<answer::Served>& served,
               const Published<answer::FleetView>& fleet, TcpLimits limits, std::uint64_t seed)
    : responder_(number, stats_, seed),
      served_(served),
      fleet_(fleet),
      base_(event_base_new()),
      tcp_(base_.get(), responder_, stats_, limits, [this] { BeforeTcpTurn(); }) {
  responder_.Adopt(served_.get());
  responder_.Adopt(fleet_.get());
  responder_.set_wall_time(std::chrono::system_clock::now());
  ticked_ = MonotonicClock::now().time_since_epoch().count();
  tick_ = event_new(
      base_.get(), -1, EV_PERSIST,
      [](evutil_socket_t, short, void* self) { static_cast<Worker*>(self)->Tick(); }, this);
  stop_ = event_new(
      base_.get(), -1, 0,
      [](evutil_socket_t, short, void* self) { static_cast<Worker*>(self)->Drain(); }, this);
  stopped_ = event_new(
      base_.get(), -1, EV_PERSIST,
      [](evutil_socket_t, short, void* self) { static_cast<Worker*>(self)->CheckStopped(); }, this);
}

Worker::~Worker() {
  BeginStop();
  Join();
  udp_.clear();
  for (event* e : {tick_, stop_, stopped_}) event_free(e);
}

absl::Status Worker::Add(WorkerSockets sockets) {
  sockets_.insert(sockets_.end(), {sockets.udp.get(), sockets.tcp.get()});
  auto udp = std::unique_ptr<UdpEvent>(new UdpEvent{
      *this, UdpSocket(std::move(sockets.udp), sockets.any_address, responder_, stats_, tap_)});
  const event_callback_fn serve = [](evutil_socket_t, short, void* self) {
    auto& ready = *static_cast<UdpEvent*>(self);
    ready.worker.ServeUdp(ready);
  };
  udp->readable = event_new(base_.get(), udp->socket.fd(), EV_READ | EV_PERSIST, serve, udp.get());
  udp->next_turn = event_new(base_.get(), -1, 0, serve, udp.get());
  if (udp->readable == nullptr || udp->next_turn == nullptr ||
      event_add(udp->readable, nullptr) != 0) {
    return absl::ResourceExhaustedError("libevent cannot watch a UDP socket");
  }
  udp_.push_back(std::move(udp));
  return tcp_.Listen(std::move(sockets.tcp));
}

void Worker::AppendSockets(std::vector<int>& out) const {
  out.insert(out.end(), sockets_.begin(), sockets_.end());
}

void Worker::Start() {
  event_add(tick_, &kTick);
  thread_ = std::thread([this] {
    pthread_setname_np(pthread_self(), "dnsd-worker");
    event_base_dispatch(base_.get());
  });
}

void Worker::BeginStop(bool followed) {
  followed_ = followed;
  if (thread_.joinable()) event_active(stop_, 0, 0);
}

void Worker::Join() {
  if (thread_.joinable()) thread_.join();
}

void Worker::Tick() {
  ticked_.store(MonotonicClock::now().time_since_epoch().count(), std::memory_order_relaxed);
  responder_.set_wall_time(std::chrono::system_clock::now());
  Refresh();
}

// One load each while nothing has changed.
void Worker::Refresh() {
  // One after the other: to adopt what is served it looks at the fleet's view as it has it, which
  // may be freed once a newer one is held.
  served_.Refresh();
  if (served_.changed()) responder_.Adopt(served_.get());
  fleet_.Refresh();
  if (fleet_.changed()) responder_.Adopt(fleet_.get());
  if (responder_.wants_time()) responder_.set_time(CoarseTime());
}

void Worker::ServeUdp(UdpEvent& udp) {
  for (int i = 0; i < kBatchesATurn; ++i) {
    Refresh();
    if (udp.socket.ServeBatch() < kBusy) return udp.Watch();
  }
  udp.Unwatch();
  constexpr timeval kAtOnce = {0, 0};  // once the others have had their turn
  event_add(udp.next_turn, &kAtOnce);
}

// TCP clients' turns are short but may be many: UDP has its own between them.
void Worker::BeforeTcpTurn() {
  if (++tcp_turns_ % kTcpTurns == 0) {
    for (const auto& udp : udp_) ServeUdp(*udp);
  }
  Refresh();
}

void Worker::Drain() {
  tcp_.Drain(followed_);
  event_add(stopped_, &kStopPoll);
  CheckStopped();
}

void Worker::CheckStopped() {
  if (!tcp_.empty() && ++stop_polls_ <= kMostStopPolls) return;
  for (const auto& udp : udp_) {
    udp->Unwatch();
    event_del(udp->next_turn);
    for (int i = 0; i < kLastBatches && udp->socket.ServeBatch() > 0; ++i) {
    }
    udp->socket.Close();
  }
  event_base_loopbreak(base_.get());
}

}  // namespace dnsd::server
