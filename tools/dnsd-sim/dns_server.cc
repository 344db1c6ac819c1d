#include "tools/dnsd-sim/dns_server.h"

#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "dnsd/server/load_served.h"
#include "dnsd/wire/reader.h"

namespace dnsd::sim {
namespace {

constexpr double kShortestTurn = 0.05;  // as ControlLoop has it
constexpr char kApex[] = "sim";

// "www.sim A IN", without RD.
std::vector<std::uint8_t> SiteQuery() {
  static constexpr std::uint8_t kOctets[] = {0,   1,   0,   0, 0,   1,   0,   0, 0, 0, 0, 0, 3,
                                             'w', 'w', 'w', 3, 's', 'i', 'm', 0, 0, 1, 0, 1};
  return {std::begin(kOctets), std::end(kOctets)};
}

std::string ZoneText(std::size_t nodes) {
  std::string text =
      "$TTL 0\n@ SOA ns.sim. hostmaster.sim. 1 3600 600 86400 5\n@ NS ns.elsewhere.\n";
  for (NodeId i = 0; i < nodes; ++i) text += "www A " + SimZone::AddressOf(i).ToString() + "\n";
  return text;
}

NodeId NodeAt(std::span<const std::uint8_t> octets) {
  return static_cast<NodeId>(octets[1] << 16 | octets[2] << 8 | octets[3]);
}

// A file that is gone with its name.
class TemporaryFile {
 public:
  explicit TemporaryFile(const std::string& text) {
    path_ = (std::filesystem::temp_directory_path() / "dnsd-sim.XXXXXX").string();
    const int file = mkstemp(path_.data());
    good_ = file >= 0 && write(file, text.data(), text.size()) == static_cast<ssize_t>(text.size());
    if (file >= 0) close(file);
  }
  ~TemporaryFile() { unlink(path_.c_str()); }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;

  bool good() const { return good_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool good_ = false;
};

}  // namespace

absl::StatusOr<SimZone> SimZone::Load(const server::Config& config, std::size_t nodes) {
  const TemporaryFile file(ZoneText(nodes));
  if (!file.good()) return absl::InternalError(file.path() + ": cannot be written");
  SimZone zone;
  zone.config_ = config;
  zone.config_.zones = {{*wire::Name::Parse(kApex), file.path(), "dnsd-sim"}};
  zone.config_.edns_size = 4096;
  zone.addresses_ = std::make_unique<AddressTable>();
  auto loaded = server::LoadServed(zone.config_, *zone.addresses_);
  if (!loaded.ok()) return loaded.status();
  zone.served_ = std::move(loaded->served);
  return zone;
}

IpAddress SimZone::AddressOf(NodeId node) {
  const std::uint8_t octets[4] = {10, static_cast<std::uint8_t>(node >> 16),
                                  static_cast<std::uint8_t>(node >> 8),
                                  static_cast<std::uint8_t>(node)};
  return IpAddress::V4(octets);
}

DnsServer::DnsServer(SimZone& zone, std::size_t workers, std::uint64_t seed) : query_(SiteQuery()) {
  Random seeds(seed);
  std::vector<const answer::WorkerStats*> stats;
  for (std::size_t i = 0; i < workers; ++i) {
    Worker& worker = workers_.emplace_back(i, seeds.Next(), published_);
    worker.responder->Adopt(zone.served());
    stats.push_back(worker.stats.get());
  }
  controller_ =
      std::make_unique<server::Controller>(server::ControlParts{.config = zone.config().heartbeat,
                                                                .addresses = &zone.addresses(),
                                                                .fleet = &published_,
                                                                .workers = stats,
                                                                .store = nullptr,
                                                                .gauges = zone.served().gauges},
                                           ClockAt(0));
  for (Worker& worker : workers_) worker.responder->Adopt(worker.view.Refresh());
}

void DnsServer::Put(fleet::Event event, double now) {
  event.arrival = ClockAt(now);
  inbox_.push_back(std::move(event));
  next_turn_ = std::min(next_turn_, std::max(now, not_before_));
}

void DnsServer::Turn(double now) {
  controller_->Step(ClockAt(now), inbox_);
  inbox_.clear();
  not_before_ = now + kShortestTurn;
  next_turn_ = std::max(not_before_, Seconds(controller_->NextWake() - ClockAt(0)));
}

DnsServer::Answer DnsServer::Ask(std::size_t number, const IpAddress& client, double now) {
  Worker& worker = workers_[number];
  worker.responder->set_time(std::chrono::milliseconds(static_cast<std::int64_t>(1000 * now)));
  const answer::FleetView& view = worker.view.Refresh();
  if (worker.view.changed()) worker.responder->Adopt(view);
  const std::size_t size = worker.responder->Respond(query_, client, answer::Transport::kUdp, out_);
  Answer answer;
  wire::Reader in(std::span<const std::uint8_t>(out_).first(size));
  in.Bytes(6);
  const std::uint16_t count = in.U16();
  in.Bytes(query_.size() - 8);
  for (std::uint16_t i = 0; i < count; ++i) {
    in.Bytes(6);  // owner (a pointer), type, class
    answer.ttl = in.U32();
    const auto address = in.Bytes(in.U16());
    if (!in.ok() || address.size() != 4) return {};
    answer.nodes.Add(NodeAt(address));
  }
  return answer;
}

}  // namespace dnsd::sim
