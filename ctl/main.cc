// dnsdctl, the program.
#include <csignal>

#include "ctl/commands.h"
#include "ctl/options.h"

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // whoever reads us may have had enough: writes fail then
  const dnsd::ctl::Options options = dnsd::ctl::ParseOptions(argc, argv);
  if (options.command == dnsd::ctl::Options::Command::kExit) return options.exit_status;
  return dnsd::ctl::Run(options);
}
