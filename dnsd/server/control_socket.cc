#include "dnsd/server/control_socket.h"

#include <grpcpp/grpcpp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "dnsd/server/control_commands.h"
#include "dnsd/server/sockets.h"

namespace dnsd::server {
namespace {

constexpr auto kShutdownTime = std::chrono::seconds(1);

// Whether somebody takes connections on the socket at `path`.
bool IsTaken(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), std::min(path.size(), sizeof address.sun_path - 1));
  const Fd fd(socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return fd.get() >= 0 &&
         connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
}

}  // namespace

ControlSocket::ControlSocket(std::string path, ControlActions actions)
    : path_(std::move(path)),
      commands_(std::make_unique<ControlCommands>(std::move(actions), std::string())) {}

ControlSocket::~ControlSocket() { Stop(); }

absl::Status ControlSocket::Start() {
  if (IsTaken(path_)) {
    return absl::UnavailableError("control.socket " + path_ +
                                  ": another process answers there; stop it, or name another path");
  }
  // What a crash has left. Somebody else's file is not ours to remove.
  struct stat file {};
  if (lstat(path_.c_str(), &file) == 0) {
    if (!S_ISSOCK(file.st_mode)) {
      return absl::UnavailableError("control.socket " + path_ + ": found a file that is no socket");
    }
    unlink(path_.c_str());
  }
  grpc::ServerBuilder builder;
  builder.AddListeningPort("unix:" + path_, grpc::InsecureServerCredentials());
  commands_->AddTo(builder);
  server_ = builder.BuildAndStart();
  // Until now its mode was the umask's, which rarely lets others write, and so connect.
  if (server_ == nullptr || chmod(path_.c_str(), 0660) != 0 || lstat(path_.c_str(), &file) != 0) {
    return absl::UnavailableError(
        "control.socket " + path_ +
        ": cannot be bound; wanted a path in a folder that exists and that dnsd may write");
  }
  inode_ = file.st_ino;
  return absl::OkStatus();
}

void ControlSocket::Stop() {
  if (server_ == nullptr) return;
  server_->Shutdown(std::chrono::system_clock::now() + kShutdownTime);
  server_->Wait();
  server_.reset();
  // The path may be another's by now.
  struct stat file {};
  if (lstat(path_.c_str(), &file) == 0 && file.st_ino == inode_) unlink(path_.c_str());
}

}  // namespace dnsd::server
