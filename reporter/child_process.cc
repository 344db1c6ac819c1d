#include "reporter/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "dnsd/base/duration.h"

namespace dnsd::reporter {
namespace {

constexpr std::size_t kMostOutput = 64U << 10;
constexpr std::ptrdiff_t kMostUndying = 4;  // runs of one command

// A process that was killed and is not reaped: it may take its time to die, and one in
// uninterruptible sleep or of another user may never do.
struct Undying {
  pid_t pid;
  std::string command;
};

// The loop's thread's.
std::vector<Undying>& AllUndying() {
  static std::vector<Undying> all;
  return all;
}

void ReapUndying() {
  std::erase_if(AllUndying(),
                [](const Undying& u) { return waitpid(u.pid, nullptr, WNOHANG) != 0; });
}

// posix_spawn's settings, freed with the object.
struct SpawnSettings {
  SpawnSettings() {
    posix_spawnattr_init(&attributes);
    posix_spawn_file_actions_init(&actions);
  }
  ~SpawnSettings() {
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
  }
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_t actions;
};

// As exec takes them: pointers into `texts`, then null.
std::vector<char*> Pointers(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  pointers.reserve(texts.size() + 1);
  for (std::string& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

// Our environment with `more` in the place of what has the same names.
std::vector<std::string> Environment(const std::vector<std::string>& more) {
  std::vector<std::string> all = more;
  for (char** at = environ; *at != nullptr; ++at) {
    const std::string own = *at;
    const std::string name = own.substr(0, own.find('=') + 1);
    const auto same = [&](const std::string& text) { return text.starts_with(name); };
    if (std::none_of(more.begin(), more.end(), same)) all.push_back(own);
  }
  return all;
}

// What the shell does first where it has a lock: it puts its number, which is its group's, into the
// locked file. Always as long, and over the former one: that needs no room on the disk.
constexpr const char* kTellGroup = "printf '%-19d\n' \"$$\" >&3 || exit; ";

// Starts the shell with `output` as its standard output; 0 or an errno.
int Spawn(const Command& command, int output, pid_t& pid) {
  SpawnSettings settings;
  sigset_t none, broken_pipe;
  sigemptyset(&none);
  sigemptyset(&broken_pipe);
  sigaddset(&broken_pipe, SIGPIPE);  // we ignore it; commands expect its default
  posix_spawnattr_setsigmask(&settings.attributes, &none);
  posix_spawnattr_setsigdefault(&settings.attributes, &broken_pipe);
  posix_spawnattr_setpgroup(&settings.attributes, 0);
  posix_spawnattr_setflags(&settings.attributes,
                           POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);
  posix_spawn_file_actions_addopen(&settings.actions, 0, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&settings.actions, output, 1);
  if (command.with_errors) posix_spawn_file_actions_adddup2(&settings.actions, 1, 2);
  int others = 3;
  if (command.lock >= 0) {
    lseek(command.lock, 0, SEEK_SET);
    posix_spawn_file_actions_adddup2(&settings.actions, command.lock, others++);
  }
  posix_spawn_file_actions_addclosefrom_np(&settings.actions, others);
  std::vector<std::string> arguments = {"sh", "-c",
                                        (command.lock < 0 ? "" : kTellGroup) + command.text, "sh"};
  arguments.insert(arguments.end(), command.arguments.begin(), command.arguments.end());
  std::vector<std::string> environment = Environment(command.environment);
  return posix_spawn(&pid, "/bin/sh", &settings.actions, &settings.attributes,
                     Pointers(arguments).data(), Pointers(environment).data());
}

absl::Status ExitStatus(int status) {
  if (WIFSIGNALED(status)) {
    return absl::UnknownError("killed by signal " + std::to_string(WTERMSIG(status)));
  }
  if (WEXITSTATUS(status) == 0) return absl::OkStatus();
  return absl::UnknownError("exit status " + std::to_string(WEXITSTATUS(status)));
}

}  // namespace

absl::StatusOr<std::unique_ptr<ChildProcess>> ChildProcess::Start(event_base* base,
                                                                  const Command& command,
                                                                  Duration limit, Done done) {
  ReapUndying();
  const auto undying = std::count_if(AllUndying().begin(), AllUndying().end(),
                                     [&](const Undying& u) { return u.command == command.text; });
  if (undying >= kMostUndying) {
    return absl::UnavailableError(std::to_string(undying) + " runs before cannot be killed");
  }
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) {
    return absl::UnavailableError(std::string("no pipe: ") + std::strerror(errno));
  }
  fcntl(ends[0], F_SETFL, O_NONBLOCK);
  pid_t pid = 0;
  const int error = Spawn(command, ends[1], pid);
  close(ends[1]);
  if (error != 0) {
    close(ends[0]);
    return absl::UnavailableError(std::string("cannot run sh: ") + std::strerror(error));
  }
  return std::unique_ptr<ChildProcess>(
      new ChildProcess(base, command, pid, ends[0], limit, std::move(done)));
}

ChildProcess::ChildProcess(event_base* base, const Command& command, pid_t pid, int output,
                           Duration limit, Done done)
    : command_(command.text),
      keep_last_(command.with_errors),
      pid_(pid),
      output_fd_(output),
      limit_(limit),
      done_(std::move(done)),
      readable_(Watch::Readable(base, output, [this] { ReadOutput(); })),
      child_signal_(Watch::Signal(base, SIGCHLD,
                                  [this] {
                                    ReapUndying();
                                    TryReap();
                                  })),
      timer_(base, [this] { TimeOut(); }) {
  timer_.After(limit);
}

ChildProcess::~ChildProcess() {
  if (pid_ != 0) Abandon();
  close(output_fd_);
}

void ChildProcess::KillGroup() const { kill(-pid_, SIGKILL); }

// Kills it and waits for nothing: it is reaped when it is gone.
void ChildProcess::Abandon() {
  KillGroup();
  AllUndying().push_back({std::exchange(pid_, 0), command_});
}

void ChildProcess::ReadOutput() {
  std::array<char, 4096> buffer;
  ssize_t count = 0;
  while ((count = read(output_fd_, buffer.data(), buffer.size())) > 0) {
    Keep(buffer.data(), static_cast<std::size_t>(count));
  }
  if (count == 0) {
    readable_.reset();
    TryReap();  // it may have ended before its signal was watched for
  }
}

void ChildProcess::Keep(const char* data, std::size_t size) {
  const std::size_t room = kMostOutput - output_.size();
  if (keep_last_ && size > room) output_.erase(0, size - room);
  output_.append(data, keep_last_ ? size : std::min(room, size));
}

void ChildProcess::TimeOut() {
  if (pid_ == 0) return;
  if (HasEnded()) return TryReap();
  Abandon();
  Finish(absl::DeadlineExceededError("no end within " + DurationText(limit_)));
}

// Leaves it a zombie, so that its group's number stays its own.
bool ChildProcess::HasEnded() const {
  siginfo_t info{};
  return waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         info.si_pid == pid_;
}

void ChildProcess::TryReap() {
  if (pid_ == 0 || !HasEnded()) return;
  KillGroup();  // what it left running in the background
  int status = 0;
  waitpid(std::exchange(pid_, 0), &status, 0);
  if (readable_) ReadOutput();
  if (WIFEXITED(status)) exit_code_ = WEXITSTATUS(status);
  const absl::Status exit = ExitStatus(status);
  if (!exit.ok()) return Finish(exit);
  Finish(std::move(output_));
}

void ChildProcess::Finish(absl::StatusOr<std::string> result) {
  const Done done = std::move(done_);
  done(std::move(result));
}

}  // namespace dnsd::reporter
