#include "dnsd/fleet/hosting.h"

#include <algorithm>

namespace dnsd::fleet {

std::span<const Host> HostingShard::Find(std::uint32_t tag,
                                         std::span<const std::uint8_t> name) const {
  for (std::size_t i = Home(tag); slots_[i].name_size != 0 && slots_[i].tag <= tag; ++i) {
    if (slots_[i].tag == tag && std::ranges::equal(NameOf(slots_[i]), name)) {
      return HostsOf(slots_[i]);
    }
  }
  return {};
}

}  // namespace dnsd::fleet
