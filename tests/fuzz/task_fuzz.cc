// Whatever a dnsd sends as tasks: of all that reaches a shell no word has a character that means
// anything there, and each report can be sent.
#include <string>

#include "reporter/hook.h"
#include "reporter/task_board.h"
#include "tests/fuzz/check.h"

using namespace dnsd::reporter;
using dnsd::heartbeat::v1::Tasks;

namespace {

constexpr const char* kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-:";

bool IsPlain(const std::string& word) {
  return !word.empty() && word.find_first_not_of(kPlain) == std::string::npos &&
         (word == "-" || word.front() != '-');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string octets(reinterpret_cast<const char*>(data), size);
  const ReplicaRecord record = ParseRecord(octets);
  CHECK_PROPERTY(ParseRecord(RecordText(record)) == record);
  Tasks tasks;
  if (!tasks.ParseFromString(octets)) return 0;
  TaskBoard board;
  board.Replace("d", tasks);
  while (const auto key = board.Next({})) {
    const BoardTask task = *board.Find(*key);
    const Command command = CommandOf({.command = "hook",
                                       .action = ActionOf(task.task.kind()),
                                       .site = task.site,
                                       .sites_dir = "/srv",
                                       .reporter = "/usr/bin/reporter",
                                       .sources = SourcesOf(task.task)});
    for (const std::string& word : command.arguments) CHECK_PROPERTY(IsPlain(word));
    for (const std::string& variable : command.environment) {
      CHECK_PROPERTY(variable.find_first_of("$`\"'\\;&|<>*?()\n") == std::string::npos);
    }
    board.Begin(*key);
    board.Done(*key, octets);
  }
  for (const auto& report : board.Reports("d")) {
    CHECK_PROPERTY(!report.SerializeAsString().empty());
    for (const char c : report.detail()) CHECK_PROPERTY(c >= ' ' && c <= '~');
  }
  return 0;
}
