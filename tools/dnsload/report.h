// A run's figures for people and for programs.
#pragma once

#include <string>

#include "tools/dnsload/generator.h"

namespace dnsload {

std::string ProgressLine(const LoadResult& so_far);
std::string ReportText(const LoadResult& result);
// One object on one line.
std::string ReportJson(const LoadResult& result);

}  // namespace dnsload
