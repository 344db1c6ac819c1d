// What the reporters are told: their tasks, and what they may drop by themselves.
#include <algorithm>
#include <utility>

#include "dnsd/placement/placer.h"

namespace dnsd::placement {
namespace {

using Kind = Action::Kind;

constexpr double kFull = 0.9;             // share of a quota
constexpr std::size_t kMostTasks = 1024;  // of a node, as the reporter takes them

fleet::Task::Kind TaskKindOf(Kind kind) {
  switch (kind) {
    case Kind::kContract:
      return fleet::Task::Kind::kWithdraw;
    case Kind::kVerify:
      return fleet::Task::Kind::kVerify;
    default:
      return fleet::Task::Kind::kInstantiate;
  }
}

}  // namespace

// Often enough that a grant is taken back before what it allows is gone.
bool Placer::IsGrantDue(MonotonicTime now) const {
  return grants_changed_ || now >= granted_ + std::min(settings_.rules.period, settings_.grace / 3);
}

// What full nodes may drop by themselves.
void Placer::Grant(const World& world) {
  granted_ = world.now;
  grants_changed_ = false;
  const auto& nodes = world.fleet.nodes();
  if (std::ranges::none_of(nodes, [](const auto& node) { return node.storage.evicts; })) {
    return grants_.Clear();
  }
  const auto drops = [&](fleet::NodeIndex index) {
    return index < nodes.size() && nodes[index].storage.evicts && Obeys(nodes[index]);
  };
  const auto is_full = [&](fleet::NodeIndex index) {
    const fleet::Storage& storage = nodes[index].storage;
    return static_cast<double>(storage.used_bytes) >=
           kFull * static_cast<double>(storage.quota_bytes);
  };
  const auto answers = [&](const std::string& site, const fleet::Host& host) {
    return Counts(world, site, host);
  };
  const auto may_drop = [&](const std::string& site, const fleet::Host& host) {
    return !host.home && !marks_.frozen.contains(site) && !ledger_.IsBusy(site) &&
           !marks_.pinned.contains({site, nodes[host.node].name});
  };
  grants_.Renew(
      world.hosting,
      {.may_drop = may_drop,
       .drops = drops,
       .answers = answers,
       .unnamed = [&](const auto& site) { return HostingAll(world, site, fleet::kNoNode); },
       .least = [&](const auto& site) { return settings_.Of(site).least; },
       .is_full = is_full});
}

fleet::Task Placer::TaskOf(const World& world, const Ledger::Told& told) const {
  const Action& action = *told.action;
  fleet::Task task{.id = action.id, .kind = TaskKindOf(action.kind), .site = action.site};
  task.content_version = action.content_version;
  task.bytes = action.bytes;
  task.held = told.held;
  for (const std::string& source : action.sources) {
    const fleet::NodeIndex index = world.fleet.Find(source);
    if (index == fleet::kNoNode) continue;
    task.sources.push_back({source, world.fleet.nodes()[index].addresses});
  }
  return task;
}

// Each reporter is told its tasks, and what else goes with them, whenever they have changed, and
// whenever it has come anew.
void Placer::Direct(const World& world) {
  const auto& nodes = world.fleet.nodes();
  told_.resize(nodes.size());
  const auto tasks = ledger_.Tasks();
  const std::set<fleet::NodeIndex> granted_anew = grants_.TakeChanged();
  const bool decides = settings_.mode == Mode::kAuto && !IsStuck(world.now);
  for (fleet::NodeIndex i = 0; i < nodes.size(); ++i) {
    const fleet::Node& node = nodes[i];
    Told& told = told_[i];
    if (!Obeys(node)) {
      told.stream = fleet::kNoStream;  // it may come back with hooks, on the same one
      continue;
    }
    const auto own = tasks.find(node.name);
    const bool is_new = told.stream != node.stream || told.decides != decides ||
                        told.grace != settings_.grace || granted_anew.contains(i);
    if (!is_new && own == tasks.end() && told.tasks.empty()) continue;
    std::vector<fleet::Task> now;
    if (own != tasks.end()) {
      for (const Ledger::Told& task : own->second) {
        const bool fits = now.size() < kMostTasks;
        if (fits) now.push_back(TaskOf(world, task));
        if (!fits) ledger_.Defer(task.action->id, world.now);
      }
    }
    if (!is_new && now == told.tasks) continue;
    told.stream = node.stream;
    told.tasks = now;
    told.decides = decides;
    told.grace = settings_.grace;
    directives_.emplace_back(node.stream,
                             fleet::Tasks{std::move(now), decides, grants_.Of(i), settings_.grace});
  }
}

std::vector<std::pair<fleet::StreamId, fleet::Tasks>> Placer::TakeDirectives() {
  return std::exchange(directives_, {});
}

}  // namespace dnsd::placement
