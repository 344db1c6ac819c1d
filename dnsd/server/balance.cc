#include "dnsd/server/balance.h"

#include <algorithm>
#include <cstddef>

namespace dnsd::server {

Balance BalanceOf(const std::vector<NodeStatus>& nodes, const std::vector<double>& answer_rates) {
  Balance balance;
  balance.nodes.resize(nodes.size());
  double all_answers = 0;
  double all_busy = 0;
  double highest = 0;
  double sum = 0;
  std::size_t counted = 0;
  for (std::size_t i = 0; i < nodes.size(); ++i) {
    Balance::Node& node = balance.nodes[i];
    node.answers = i < answer_rates.size() ? answer_rates[i] : 0;
    all_answers += node.answers;
    const auto& utilization = nodes[i].load.cpu_utilization;
    if (!utilization || fleet::TierOf(nodes[i].state) != fleet::Tier::kUsable) continue;
    node.load = *utilization * static_cast<double>(nodes[i].figures.cpus);
    all_busy += node.load;
    highest = std::max(highest, *utilization);
    sum += *utilization;
    ++counted;
  }
  for (Balance::Node& node : balance.nodes) {
    node.answers = all_answers > 0 ? node.answers / all_answers : 0;
    node.load = all_busy > 0 ? node.load / all_busy : 0;
  }
  if (sum > 0) balance.imbalance = highest * static_cast<double>(counted) / sum;
  return balance;
}

}  // namespace dnsd::server
