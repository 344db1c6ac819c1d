#include "dnsd/server/successor.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/auxv.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <climits>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

namespace dnsd::server {
namespace {

// "CHANNEL,SOCKET,SOCKET…": descriptors that the new process has of the old one.
constexpr const char* kVariable = "DNSD_PREDECESSOR";
constexpr const char* kListenVariables[] = {"LISTEN_PID=", "LISTEN_FDS=", "LISTEN_FDNAMES="};

constexpr char kRelease = 'R';
constexpr char kReleased = 'G';
constexpr char kServing = 'S';
constexpr char kLeave = 'M';

constexpr Duration kLoadTime = std::chrono::minutes(5);    // a million sites on a slow disk
constexpr Duration kStartTime = std::chrono::seconds(30);  // while nobody hears the reporters
constexpr int kPollMs = 100;

// The environment of the new process: ours, and what it inherits.
std::vector<std::string> Environment(int channel, const std::vector<int>& sockets) {
  std::vector<std::string> all;
  for (char** at = environ; *at != nullptr; ++at) {
    bool passed_on = true;
    for (const char* name : kListenVariables) {
      if (std::strncmp(*at, name, std::strlen(name)) == 0) passed_on = false;
    }
    if (passed_on) all.emplace_back(*at);
  }
  std::string value = std::string(kVariable) + '=' + std::to_string(channel);
  for (const int socket : sockets) value += ',' + std::to_string(socket);
  all.push_back(std::move(value));
  return all;
}

std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// posix_spawn's attributes and actions: no signal blocked or ignored, and these descriptors open.
struct SpawnSettings {
  explicit SpawnSettings(const std::vector<int>& fds) {
    posix_spawn_file_actions_init(&actions);
    posix_spawnattr_init(&attributes);
    for (const int fd : fds) posix_spawn_file_actions_adddup2(&actions, fd, fd);
    sigset_t none;
    sigemptyset(&none);
    posix_spawnattr_setsigmask(&attributes, &none);
    sigset_t pipe;
    sigemptyset(&pipe);
    sigaddset(&pipe, SIGPIPE);
    posix_spawnattr_setsigdefault(&attributes, &pipe);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  }
  ~SpawnSettings() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

void Tell(const Fd& channel, char step) { (void)send(channel.get(), &step, 1, MSG_NOSIGNAL); }

// The descriptors that the variable names; empty if there is none, or it is none of ours.
std::vector<Fd> InheritedDescriptors() {
  std::vector<Fd> fds;
  const char* value = std::getenv(kVariable);
  if (value == nullptr) return fds;
  const std::string text = value;
  unsetenv(kVariable);
  const char* at = text.data();
  const char* const end = at + text.size();
  while (at < end) {
    int fd = -1;
    const auto read = std::from_chars(at, end, fd);
    if (read.ec != std::errc() || fd <= STDERR_FILENO) return {};
    fds.emplace_back(fd);
    at = read.ptr + 1;  // the comma
  }
  return fds;
}

}  // namespace

Program OwnProgram(int argc, const char* const* argv) {
  Program program;
  // The path that was executed, symbolic links and all: they may lead to another version by now.
  const auto* const executed = reinterpret_cast<const char*>(getauxval(AT_EXECFN));
  std::array<char, PATH_MAX> path{};
  if (executed != nullptr && *executed == '/') {
    program.path = executed;
  } else if (executed != nullptr && std::strchr(executed, '/') != nullptr &&
             getcwd(path.data(), path.size()) != nullptr) {
    program.path = std::string(path.data()) + '/' + executed;
  } else if (const ssize_t size = readlink("/proc/self/exe", path.data(), path.size()); size > 0) {
    program.path.assign(path.data(), static_cast<std::size_t>(size));
  }
  program.arguments.assign(argv, argv + argc);
  return program;
}

absl::StatusOr<std::unique_ptr<Successor>> Successor::Start(const Program& program,
                                                            const std::vector<int>& sockets) {
  int ends[2];
  if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
    return absl::UnavailableError(std::string("no channel to a new dnsd: ") + std::strerror(errno));
  }
  Fd ours(ends[0]);
  const Fd theirs(ends[1]);
  std::vector<int> passed = sockets;
  passed.push_back(theirs.get());
  SpawnSettings settings(passed);
  std::vector<std::string> arguments = program.arguments;
  std::vector<std::string> environment = Environment(theirs.get(), sockets);
  pid_t pid = -1;
  const int error = posix_spawn(&pid, program.path.c_str(), &settings.actions, &settings.attributes,
                                Pointers(arguments).data(), Pointers(environment).data());
  if (error != 0) {
    return absl::UnavailableError("cannot start " + program.path + ": " + std::strerror(error));
  }
  return std::unique_ptr<Successor>(new Successor(pid, std::move(ours)));
}

Successor::~Successor() { End(); }

void Successor::End() {
  if (std::exchange(left_, true)) return;
  kill(pid_, SIGKILL);
  while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
  }
}

absl::Status Successor::AwaitRelease(const IsCancelled& is_cancelled) {
  return Await(kRelease, kLoadTime, is_cancelled);
}

absl::Status Successor::AwaitServing(const IsCancelled& is_cancelled) {
  return Await(kServing, kStartTime, is_cancelled);
}

absl::Status Successor::Await(char step, Duration patience, const IsCancelled& is_cancelled) {
  const MonotonicTime deadline = MonotonicClock::now() + patience;
  while (MonotonicClock::now() < deadline) {
    pollfd waiting{channel_.get(), POLLIN, 0};
    const int ready = poll(&waiting, 1, kPollMs);
    if (ready <= 0) {
      if (is_cancelled()) return absl::CancelledError("dnsd is stopping");
      continue;
    }
    char told = 0;
    const ssize_t size = recv(channel_.get(), &told, 1, 0);
    if (size == 1 && told == step) return absl::OkStatus();
    return absl::AbortedError("the new dnsd (process " + std::to_string(pid_) +
                              ") has ended; its log says why");
  }
  return absl::DeadlineExceededError("the new dnsd (process " + std::to_string(pid_) +
                                     ") takes too long");
}

void Successor::Released() { Tell(channel_, kReleased); }

void Successor::Leave() {
  left_ = true;
  Tell(channel_, kLeave);
}

std::unique_ptr<Predecessor> Predecessor::FromEnvironment() {
  std::vector<Fd> fds = InheritedDescriptors();
  if (fds.empty()) return nullptr;
  Fd channel = std::move(fds.front());
  fds.erase(fds.begin());
  fcntl(channel.get(), F_SETFD, FD_CLOEXEC);
  // The watchdog wants the process that systemd started named, which was the old one.
  if (std::getenv("WATCHDOG_PID") != nullptr) {
    setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  }
  return std::unique_ptr<Predecessor>(
      new Predecessor(std::move(channel), InheritedSockets(std::move(fds))));
}

void Predecessor::AwaitReleased() {
  Tell(channel_, kRelease);
  char told = 0;
  (void)recv(channel_.get(), &told, 1,
             0);  // kReleased, or nobody there: there is nothing to wait for
}

void Predecessor::Serving() {
  Tell(channel_, kServing);
  char told = 0;
  (void)recv(channel_.get(), &told, 1, 0);
}

}  // namespace dnsd::server
