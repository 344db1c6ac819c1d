// Replicas that must not answer, laid over the hosting that workers see.
#pragma once

#include <memory>

#include "dnsd/fleet/hosting.h"
#include "dnsd/placement/freshness.h"

namespace dnsd::placement {

// Of one thread.
class Withholding {
 public:
  // `base` with these hosts not ready; `base` itself while there are none. The same table until one
  // of the two changes.
  std::shared_ptr<const fleet::HostingTable> Over(
      const std::shared_ptr<const fleet::HostingTable>& base, const Withheld& withheld);

 private:
  // What Over gave last, and of what it was made.
  std::shared_ptr<const fleet::HostingTable> base_, laid_over_;
  Withheld withheld_;
};

}  // namespace dnsd::placement
