#include "reporter/replica_store.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <limits>
#include <nlohmann/json.hpp>
#include <utility>

#include "reporter/text.h"

namespace dnsd::reporter {
namespace {

namespace fs = std::filesystem;
using Json = nlohmann::json;
using State = ReplicaRecord::State;

constexpr std::size_t kMostRecord = 1U << 20;
constexpr std::time_t kUseGrain = 60;  // seconds: uses are not written more often
constexpr const char* kRecord = ".json";
constexpr const char* kLock = ".lock";
constexpr std::size_t kMostGroup = 64;  // octets that a group's number is looked for in
constexpr std::array<const char*, 4> kStates = {"making", "made", "recorded", "withdrawing"};

absl::Status Fault(const std::string& path, const char* what) {
  return absl::UnavailableError(path + ": " + what + ": " + std::strerror(errno));
}

// Writes `text` to a file beside `path`, then puts that in its place: at no time is there half of
// it, also after the power has failed.
absl::Status WriteWhole(const std::string& path, const std::string& text) {
  const std::string fresh = path + ".new";
  const int fd = open(fresh.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return Fault(fresh, "cannot be written");
  const bool good = write(fd, text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                    fdatasync(fd) == 0;
  const int error = errno;
  close(fd);
  errno = error;
  if (!good || rename(fresh.c_str(), path.c_str()) != 0) return Fault(path, "cannot be written");
  return absl::OkStatus();
}

// Text of the state's name; kMaking, the most careful, for any other.
State StateOf(const std::string& name) {
  for (std::size_t at = 0; at < kStates.size(); ++at) {
    if (name == kStates[at]) return static_cast<State>(at);
  }
  return State::kMaking;
}

// Whether the process whose descriptors are in this folder has the file open. Their links are read
// and not followed: one may lead to a file system that hangs, as perhaps does the process.
bool HasOpen(const std::string& descriptors, const fs::path& file) {
  for (const std::string& name : FileRoot().List(descriptors)) {
    std::error_code error;
    if (fs::read_symlink(descriptors + "/" + name, error) == file) return true;
  }
  return false;
}

std::vector<ReplicaSource> SourcesIn(const Json& json) {
  std::vector<ReplicaSource> sources;
  for (const Json& entry : json) {
    ReplicaSource& source = sources.emplace_back();
    source.node = entry.value("node", "");
    source.addresses = entry.value("addresses", std::vector<std::string>());
  }
  return sources;
}

}  // namespace

std::string RecordText(const ReplicaRecord& record) {
  Json sources = Json::array();
  for (const ReplicaSource& source : record.sources) {
    sources.push_back({{"node", source.node}, {"addresses", source.addresses}});
  }
  const Json json = {{"state", kStates[static_cast<std::size_t>(record.state)]},
                     {"bytes", record.bytes},
                     {"version", record.version},
                     {"ours", record.ours},
                     {"lazy", record.lazy},
                     {"why", record.why},
                     {"sources", sources}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

ReplicaRecord ParseRecord(const std::string& text) {
  ReplicaRecord damaged;
  damaged.why = "its record is damaged";
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return damaged;
  try {
    ReplicaRecord record;
    record.state = StateOf(json.value("state", ""));
    record.bytes = json.value("bytes", std::uint64_t{0});
    record.version = json.value("version", std::uint64_t{0});
    record.ours = json.value("ours", false);
    record.lazy = json.value("lazy", false);
    record.why = json.value("why", "");
    record.sources = SourcesIn(json.value("sources", Json::array()));
    return record;
  } catch (const Json::exception&) {  // a value of another type
    return damaged;
  }
}

SiteLock& SiteLock::operator=(SiteLock&& other) noexcept {
  const int fd = other.Release();
  if (fd_ >= 0) close(fd_);
  fd_ = fd;
  return *this;
}

SiteLock::~SiteLock() {
  if (fd_ >= 0) close(fd_);
}

int SiteLock::Release() { return std::exchange(fd_, -1); }

absl::StatusOr<ReplicaStore> ReplicaStore::Open(const std::string& folder) {
  std::error_code error;
  fs::create_directories(folder, error);
  if (error) return absl::UnavailableError(folder + ": cannot be made: " + error.message());
  if (access(folder.c_str(), W_OK | X_OK) != 0) return Fault(folder, "cannot be written to");
  ReplicaStore store(folder);
  for (const std::string& file : FileRoot(folder).List("")) {
    if (!file.ends_with(kRecord)) continue;
    const std::string site = file.substr(0, file.size() - std::strlen(kRecord));
    if (SiteName(site) != site) continue;
    const std::string path = store.PathOf(site, kRecord);
    store.records_[site] = ParseRecord(FileRoot().Read(path, kMostRecord).value_or(""));
    struct stat status {};
    if (stat(path.c_str(), &status) == 0)
      store.used_[site] = {status.st_mtim.tv_sec, status.st_mtim.tv_sec};
  }
  return store;
}

std::string ReplicaStore::PathOf(const std::string& site, const char* extension) const {
  return folder_ + "/" + site + extension;
}

const ReplicaRecord* ReplicaStore::Find(const std::string& site) const {
  const auto at = records_.find(site);
  return at == records_.end() ? nullptr : &at->second;
}

absl::Status ReplicaStore::Put(const std::string& site, const ReplicaRecord& record) {
  DNSD_RETURN_IF_ERROR(WriteWhole(PathOf(site, kRecord), RecordText(record)));
  records_[site] = record;
  const std::time_t now = std::time(nullptr);
  used_[site] = {now, now};
  return absl::OkStatus();
}

absl::Status ReplicaStore::Remove(const std::string& site) {
  const std::string path = PathOf(site, kRecord);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) return Fault(path, "cannot be removed");
  records_.erase(site);
  used_.erase(site);
  return absl::OkStatus();
}

std::time_t ReplicaStore::last_used(const std::string& site) const {
  const auto at = used_.find(site);
  return at == used_.end() ? 0 : at->second.last;
}

void ReplicaStore::Use(const std::string& site, std::time_t now) {
  const auto at = used_.find(site);
  if (at == used_.end() || now <= at->second.last) return;
  at->second.last = now;
  if (now < at->second.written + kUseGrain) return;
  at->second.written = now;
  const timespec times[2] = {{now, 0}, {now, 0}};
  utimensat(AT_FDCWD, PathOf(site, kRecord).c_str(), times, 0);
}

absl::StatusOr<SiteLock> ReplicaStore::Lock(const std::string& site) const {
  const std::string path = PathOf(site, kLock);
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return Fault(path, "cannot be opened");
  SiteLock lock(fd);
  if (flock(fd, LOCK_EX | LOCK_NB) == 0) return lock;
  return absl::FailedPreconditionError("another hook of the site has not ended");
}

void ReplicaStore::KillOrphan(const std::string& site) const {
  std::error_code error;
  const fs::path lock = fs::canonical(PathOf(site, kLock), error);
  if (error) return;
  const std::string text = FileRoot().Read(lock, kMostGroup).value_or("");
  std::string_view line = text;
  const auto group = static_cast<pid_t>(ParseUnsigned(NextWord(line)).value_or(0));
  if (group <= 1) return;
  for (const std::string& name : FileRoot().List("/proc")) {
    const auto pid = static_cast<pid_t>(ParseUnsigned(name).value_or(0));
    if (pid == 0 || getpgid(pid) != group) continue;
    if (HasOpen("/proc/" + name + "/fd", lock)) kill(pid, SIGKILL);
  }
}

}  // namespace dnsd::reporter
