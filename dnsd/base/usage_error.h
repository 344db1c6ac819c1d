// What our programs say of a command line that they cannot use.
#pragma once

#include <string>

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace dnsd {

inline constexpr int kUsageError = 2;  // the exit status

// For CLI::App::failure_message: what is wrong, the flag or command that resembles one nobody
// knows, and where to find them all.
std::string UsageErrorText(const CLI::App* app, const CLI::Error& error);

}  // namespace dnsd
