#include "dnsd/base/usage_error.h"

#include <CLI/CLI.hpp>
#include <vector>

#include "dnsd/base/edit_distance.h"

namespace dnsd {
namespace {

bool HasCommandsAlone(const CLI::App& app) { return app.get_require_subcommand_min() > 0; }

std::string Hint(const CLI::App& app) {
  std::vector<std::string> flags, commands;
  for (const CLI::Option* option : app.get_options()) flags.push_back(option->get_name());
  for (const CLI::App* command : app.get_subcommands(nullptr)) {
    commands.push_back(command->get_name());
  }
  for (const std::string& extra : app.remaining(true)) {
    const std::string word = extra.substr(0, extra.find('='));
    const std::string closest = ClosestWord(word, word.starts_with('-') ? flags : commands);
    if (!closest.empty()) return "Did you mean " + closest + "?\n";
  }
  return "";
}

}  // namespace

std::string UsageErrorText(const CLI::App* app, const CLI::Error& error) {
  const std::string program = app->get_name();
  return program + ": " + error.what() + "\n" + Hint(*app) + "Run `" + program +
         " --help` for the " + (HasCommandsAlone(*app) ? "commands" : "options") + ".\n";
}

}  // namespace dnsd
