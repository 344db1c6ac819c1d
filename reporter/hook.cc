#include "reporter/hook.h"

#include <algorithm>
#include <filesystem>
#include <span>

#include "dnsd/base/ip.h"

namespace dnsd::reporter {
namespace {

using heartbeat::v1::Task;

// A node's name is its reporter's word: what a shell might take for more than a word is left out.
std::string PlainWord(const std::string& name) {
  const auto plain = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' ||
           c == '-' || c == '_';
  };
  const bool good = !name.empty() && name.front() != '-' && std::ranges::all_of(name, plain);
  return good ? name : "-";
}

std::string AddressText(const std::string& octets) {
  const auto* data = reinterpret_cast<const std::uint8_t*>(octets.data());
  const auto address = IpAddress::FromOctets(std::span(data, octets.size()));
  return address ? address->ToString() : "";
}

void Append(const std::string& word, std::string& list) {
  list += (list.empty() ? "" : " ") + word;
}

}  // namespace

std::vector<ReplicaSource> SourcesOf(const Task& task) {
  std::vector<ReplicaSource> sources;
  for (const auto& source : task.sources()) {
    ReplicaSource& out = sources.emplace_back();
    out.node = PlainWord(source.node());
    for (const std::string& octets : source.addresses()) {
      if (const std::string text = AddressText(octets); !text.empty())
        out.addresses.push_back(text);
    }
  }
  return sources;
}

const char* ActionOf(Task::Kind kind) {
  if (kind == Task::INSTANTIATE) return "instantiate";
  return kind == Task::WITHDRAW ? "withdraw" : "verify";
}

std::string OwnProgram() {
  std::error_code error;
  std::string path = std::filesystem::read_symlink("/proc/self/exe", error);
  constexpr std::string_view kReplaced = " (deleted)";
  if (path.ends_with(kReplaced)) path.resize(path.size() - kReplaced.size());
  return path;
}

Command CommandOf(const HookCall& call) {
  Command command{call.command};
  if (call.command.find('$') == std::string::npos) command.text += " \"$@\"";
  command.with_errors = true;
  command.arguments = {call.action, call.site};
  std::string names, addresses;
  for (const ReplicaSource& source : call.sources) {
    command.arguments.push_back(source.node);
    Append(source.node, names);
    for (const std::string& address : source.addresses) Append(address, addresses);
  }
  command.environment = {"DNSD_ACTION=" + call.action,
                         "DNSD_SITE=" + call.site,
                         "DNSD_SITES_DIR=" + call.sites_dir,
                         "DNSD_SOURCES=" + names,
                         "DNSD_SOURCE_ADDRESSES=" + addresses,
                         "DNSD_VERSION=" + std::to_string(call.version),
                         "DNSD_BYTES=" + std::to_string(call.bytes),
                         "DNSD_REPORTER=" + call.reporter};
  return command;
}

}  // namespace dnsd::reporter
