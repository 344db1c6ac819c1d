// How long a session loads its node, and whether open connections tell who has sessions: learnt
// from what requests follow.
//
// A session is one request and, over the next seconds, others. Where the new sessions of the last
// seconds (weighted by e^(-age/tau)) tell how many requests follow now, tau is the sessions' time.
// So each of several tau is tried on every report, and the open connections beside them; those
// that foretell worst are believed least.
//
//   new sessions ──> faded over 1, 2, 4, 8, 16 s ──┐
//   open connections ──────────────────────────────┴─> x requests each ──> foretold | came
#pragma once

#include <array>
#include <optional>

#include "dnsd/base/clock.h"

namespace dnsd::policy {

// Used by one thread. All of the nodes together: Node is what it keeps of one.
class SessionTimes {
 public:
  static constexpr std::array<double, 5> kSeconds{1, 2, 4, 8, 16};
  static constexpr std::size_t kConnections = kSeconds.size();  // the last thing tried
  static constexpr std::size_t kTried = kSeconds.size() + 1;

  struct Node {
    bool known = false;
    std::array<double, kSeconds.size()> sessions{};  // faded
    double connections = 0;
    // Sums over a minute: requests that followed, and what they are explained by, times seconds.
    double following = 0;
    std::array<double, kTried> explained{};
  };
  // What a report says, a second; `seconds` is what it covers, above 0. All finite.
  struct Rates {
    double seconds = 1;
    double sessions = 0;
    double requests = 0;
    std::optional<double> connections;  // open, now
  };

  void Take(const Rates& rates, MonotonicTime now, Node& node);

  // tau in seconds. `connected`: how long connections last on average, by Little; sessions last no
  // longer. Of sessions that are one request nothing follows, and their time is the connections',
  // held to kLongestConnected: nobody can tell what of it they load the node.
  static constexpr double kLongestConnected = 4;
  double SecondsOf(double connected) const;
  // How far the open connections are to be taken for the sessions under way, 0 to 1.
  double ConnectionsShare() const { return FollowingShare() * shares_[kConnections]; }

 private:
  // Of all requests, those that are not the first of their session.
  double FollowingShare() const;
  void Judge();

  MonotonicTime at_;
  double following_ = 0, requests_ = 0;  // over a minute
  std::array<double, kTried> misfit_{};  // squares in units of their variance, over a minute
  // How far each is believed; sum 1.
  std::array<double, kTried> shares_{1};
};

}  // namespace dnsd::policy
