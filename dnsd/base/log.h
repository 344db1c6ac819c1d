// Messages for the operator, through spdlog to stderr. Safe from every thread; never used on the
// query path.
#pragma once

#include <spdlog/spdlog.h>

#include <string>

namespace dnsd {

// Sets the process's logger up: to stderr, one line a message, with the time, level and `program`.
// `level` is debug, info, warning or error; false for any other word.
bool StartLogging(const std::string& program, const std::string& level);

// Changes the level; false for a word that is none.
bool SetLogLevel(const std::string& level);

}  // namespace dnsd
