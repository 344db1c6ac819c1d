// What each command does. Data to stdout, messages to stderr; the exit status.
#pragma once

#include "ctl/options.h"

namespace dnsd::ctl {

int Run(const Options& options);

}  // namespace dnsd::ctl
