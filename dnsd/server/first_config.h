// `dnsd init`: a first configuration and zone, commented, that serve at once.
#pragma once

#include <string>
#include <vector>

#include "dnsd/base/ip.h"
#include "dnsd/base/status.h"
#include "dnsd/wire/name.h"

namespace dnsd::server {

// What the first configuration says. Paths are written as they are given: relative ones are below
// the configuration's folder.
struct FirstConfig {
  std::string folder = ".";
  wire::Name apex = *wire::Name::Parse("lb.example");
  std::vector<Endpoint> listen = {*Endpoint::Parse("127.0.0.1:5300")};
  Endpoint heartbeat_listen = *Endpoint::Parse("127.0.0.1:7053");
  Endpoint http_listen = *Endpoint::Parse("127.0.0.1:8053");
  std::string control_socket = "control.sock";
  std::string state_dir = "state";
};

// The texts of FOLDER/dnsd.yaml and FOLDER/zones/APEX.zone.
std::string FirstConfigText(const FirstConfig& first);
std::string FirstZoneText(const FirstConfig& first);

// Writes both, making the folders, and gives their paths.
//   AlreadyExists  one of them is there: neither is touched
//   Unavailable    a folder or file cannot be made; the message names it
absl::StatusOr<std::vector<std::string>> WriteFirstConfig(const FirstConfig& first);

}  // namespace dnsd::server
