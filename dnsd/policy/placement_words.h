// Figures in the reasons that people read.
#pragma once

#include <cstdint>
#include <string>

namespace dnsd::policy {

std::string CpusText(double cpus);             // "3.2 CPUs"
std::string OctetsText(std::uint64_t octets);  // "1.5 GB"
std::string ShareText(double share);           // "71 %"

}  // namespace dnsd::policy
