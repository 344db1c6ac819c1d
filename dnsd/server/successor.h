// A new dnsd beside the old one, which follows it without a query lost: both have the same sockets,
// so what waits in them is answered by one or the other.
//
//   old (Successor)                           new (Predecessor)
//   starts the program anew ── sockets ──>    loads configuration and zones; a fault: it ends
//   closes control, store, ports  <── R ──    wants what only one can have
//                                 ── G ──>    opens them; its workers answer, beside the old ones
//   tells the service manager     <── S ──    serves
//   drains its workers, ends      ── M ──>    tells the service manager that it is ready
#pragma once

#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "dnsd/base/clock.h"
#include "dnsd/base/status.h"
#include "dnsd/server/inherited_sockets.h"
#include "dnsd/server/sockets.h"

namespace dnsd::server {

// What this process was started as: the file, even if another has its name by now, and arguments.
struct Program {
  std::string path;
  std::vector<std::string> arguments;  // with the first, its name
};
// Of the running process. Empty path: it cannot be told.
Program OwnProgram(int argc, const char* const* argv);

// The new process, as the old one sees it. Main's thread alone. Whoever has not come as far as
// Leave is killed by the destructor.
class Successor {
 public:
  // Starts `program` with these sockets.
  //   Unavailable  it cannot be started
  static absl::StatusOr<std::unique_ptr<Successor>> Start(const Program& program,
                                                          const std::vector<int>& sockets);
  ~Successor();
  Successor(const Successor&) = delete;
  Successor& operator=(const Successor&) = delete;

  // Each waits for the other's next step: Aborted if it has ended instead, DeadlineExceeded if it
  // takes minutes (to load) or half of one (to serve), Cancelled when `is_cancelled`, which is
  // asked ten times a second, says so.
  using IsCancelled = std::function<bool()>;
  absl::Status AwaitRelease(const IsCancelled& is_cancelled);
  absl::Status AwaitServing(const IsCancelled& is_cancelled);
  // After AwaitRelease: what only one can have is closed.
  void Released();
  // After AwaitServing: we end, and it goes on.
  void Leave();
  // Kills it, and returns once all that it had is free.
  void End();

  pid_t pid() const { return pid_; }

 private:
  Successor(pid_t pid, Fd channel) : pid_(pid), channel_(std::move(channel)) {}
  absl::Status Await(char step, Duration patience, const IsCancelled& is_cancelled);

  const pid_t pid_;
  Fd channel_;
  bool left_ = false;
};

// The old process, as the new one sees it. Once the old one has ended, each step returns at once.
class Predecessor {
 public:
  // From the environment, which afterwards no longer tells; nothing if we follow nobody.
  static std::unique_ptr<Predecessor> FromEnvironment();

  InheritedSockets TakeSockets() { return std::move(sockets_); }
  // Returns once the old one has closed what only one can have.
  void AwaitReleased();
  // We serve. Returns once the service manager has been told of us.
  void Serving();

 private:
  Predecessor(Fd channel, InheritedSockets sockets)
      : channel_(std::move(channel)), sockets_(std::move(sockets)) {}

  Fd channel_;
  InheritedSockets sockets_;
};

}  // namespace dnsd::server
