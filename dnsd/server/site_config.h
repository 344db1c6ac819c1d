// The options of sites, as the configuration has them.
#pragma once

#include "dnsd/base/yaml.h"
#include "dnsd/zone/member_lists.h"
#include "dnsd/zone/site_options.h"

namespace dnsd::server {

// Reads the keys that `site_defaults` and every rule of `sites` may have into `options`; what a key
// does not say stays. Lists of members are added to `lists`. The simulator reads its policies with
// it as well.
void ReadSiteOptions(YamlMap& map, zone::MemberLists& lists, zone::SiteOptions& options);

}  // namespace dnsd::server
