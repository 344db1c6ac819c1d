#include "dnsd/zone/loader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <utility>

#include "dnsd/zone/master_file.h"
#include "dnsd/zone/zone_builder.h"

namespace dnsd::zone {
namespace {

// Octets. No page of them is used before something is written there.
constexpr std::uintmax_t kMostReserved = std::uintmax_t{256} << 20;

}  // namespace

absl::StatusOr<LoadedZone> LoadZone(const std::string& path, const wire::Name& apex,
                                    AddressTable& addresses, const SiteRules& rules) {
  ZoneBuilder builder(apex, addresses, rules);
  std::error_code unknown;
  if (const std::uintmax_t size = std::filesystem::file_size(path, unknown); !unknown) {
    builder.Reserve(std::min<std::uintmax_t>(size, kMostReserved));
  }
  std::vector<ZoneFault> faults;
  MasterFile file(
      apex, [&](const MasterRecord& r) { builder.Add(r.owner, r.type, r.ttl, r.rdata, r.source); },
      [&](RecordSource source, std::string message) {
        faults.push_back({source, std::move(message), true});
      });
  if (!file.Read(path)) {
    return absl::NotFoundError(path + ": " + std::strerror(errno) + "; wanted the zone file of " +
                               apex.ToString());
  }
  // What could be read is checked as a whole even if something could not.
  LoadedZone loaded{builder.Build(), {}};
  faults.insert(faults.end(), builder.faults().begin(), builder.faults().end());
  std::string messages;
  for (const ZoneFault& fault : faults) {
    std::string message = file.files()[fault.source.file];
    if (fault.source.line > 0) message += ":" + std::to_string(fault.source.line);
    message += ": " + fault.message;
    if (fault.fatal) {
      messages += (messages.empty() ? "" : "\n") + message;
    } else {
      loaded.warnings.push_back(std::move(message));
    }
  }
  if (!messages.empty()) return absl::InvalidArgumentError(messages);
  return loaded;
}

}  // namespace dnsd::zone
