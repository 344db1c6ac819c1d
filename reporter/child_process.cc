#include "reporter/child_process.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <utility>

#include "dnsd/base/duration.h"

namespace dnsd::reporter {
namespace {

constexpr std::size_t kMostOutput = 64U << 10;

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

// Starts the shell with `output` as its standard output; 0 or an errno.
int Spawn(const std::string& command, int output, pid_t& pid) {
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
  posix_spawn_file_actions_addclosefrom_np(&settings.actions, 3);
  std::string shell = "sh", flag = "-c", text = command;
  const std::array<char*, 4> arguments = {shell.data(), flag.data(), text.data(), nullptr};
  return posix_spawn(&pid, "/bin/sh", &settings.actions, &settings.attributes, arguments.data(),
                     environ);
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
                                                                  const std::string& command,
                                                                  Duration limit, Done done) {
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
      new ChildProcess(base, pid, ends[0], limit, std::move(done)));
}

ChildProcess::ChildProcess(event_base* base, pid_t pid, int output, Duration limit, Done done)
    : pid_(pid),
      output_fd_(output),
      limit_(limit),
      done_(std::move(done)),
      readable_(Watch::Readable(base, output, [this] { ReadOutput(); })),
      child_signal_(Watch::Signal(base, SIGCHLD, [this] { TryReap(); })),
      timer_(base, [this] { TimeOut(); }) {
  timer_.After(limit);
}

ChildProcess::~ChildProcess() {
  if (pid_ != 0) {
    KillGroup();
    waitpid(pid_, nullptr, 0);
  }
  close(output_fd_);
}

void ChildProcess::KillGroup() const { kill(-pid_, SIGKILL); }

void ChildProcess::ReadOutput() {
  std::array<char, 4096> buffer;
  ssize_t count = 0;
  while ((count = read(output_fd_, buffer.data(), buffer.size())) > 0) {
    const std::size_t room = kMostOutput - output_.size();
    output_.append(buffer.data(), std::min(room, static_cast<std::size_t>(count)));
  }
  if (count == 0) {
    readable_.reset();
    TryReap();  // it may have ended before its signal was watched for
  }
}

void ChildProcess::TimeOut() {
  if (HasEnded()) return TryReap();
  timed_out_ = true;
  KillGroup();  // its signal tells when it is gone
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
  absl::StatusOr<std::string> result = std::move(output_);
  if (timed_out_) {
    result = absl::DeadlineExceededError("no end within " + DurationText(limit_));
  } else if (const absl::Status exit = ExitStatus(status); !exit.ok()) {
    result = exit;
  }
  const Done done = std::move(done_);
  done(std::move(result));
}

}  // namespace dnsd::reporter
