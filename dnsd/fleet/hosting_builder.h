// The one writer of the hosting: takes the nodes' lists in and makes the next immutable table.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <utility>
#include <vector>

#include "dnsd/fleet/heartbeat.h"
#include "dnsd/fleet/hosting.h"
#include "dnsd/fleet/node_state.h"

namespace dnsd::fleet {

// Gathers changes and applies them all at the next Build, which rebuilds only the shards that they
// touch. A list that says what is held already changes nothing. Used by one thread.
class HostingBuilder {
 public:
  HostingBuilder() : table_(std::make_shared<HostingTable>()) {}

  // Goes on from `table`; before any change.
  void Adopt(std::shared_ptr<const HostingTable> table);
  // The `i`th shard is to be this one before the changes since the last Build, and site_count tells
  // nothing any more: for tables that are laid over another's. Only Change may follow.
  void Take(std::size_t i, std::shared_ptr<const HostingShard> shard);
  // The node hosts exactly `sites`; of a site named twice the last counts.
  void SetFull(NodeIndex node, std::span<const SiteReport> sites);
  // The node hosts every site whose pool has it, but those of `sites` that are not ready or not
  // healthy.
  void SetAll(NodeIndex node, std::span<const SiteReport> sites);
  // `sites` are added or changed and `removed` gone, of a node whose list is declared.
  void Change(NodeIndex node, std::span<const SiteReport> sites,
              std::span<const wire::Name> removed);
  // Likewise of a node that hosts all: well sites cease to be exceptions, `removed` become ones.
  void ChangeAll(NodeIndex node, std::span<const SiteReport> sites,
                 std::span<const wire::Name> removed);

  // The table with all changes so far; the same object while there are none.
  std::shared_ptr<const HostingTable> Build();
  // The sites, or exceptions, held for the node. Of the last Build.
  std::size_t site_count(NodeIndex node) const { return node < counts_.size() ? counts_[node] : 0; }

 private:
  // A change of one node at one site.
  struct Op {
    std::uint32_t tag = 0;
    std::uint32_t name_size = 0;
    std::size_t name_offset = 0;  // in op_names_
    bool remove = false;
    Host host;
  };

  void Begin(NodeIndex node);
  bool NamesAll(NodeIndex node, std::span<const SiteReport> sites) const;
  void Put(const SiteReport& site, NodeIndex node);
  void PutIfNew(const SiteReport& site, NodeIndex node);
  void AddOp(const wire::Name& name, bool remove, const Host& host);
  bool Clears(const HostingShard& shard) const;
  std::shared_ptr<const HostingShard> Rebuild(const HostingShard* old, std::vector<Op>& ops);
  void Apply(const Op& op, std::vector<Host>& hosts);
  void DropCleared(std::vector<Host>& hosts);
  std::span<const std::uint8_t> NameOf(const Op& op) const {
    return {op_names_.data() + op.name_offset, op.name_size};
  }
  bool is_cleared(NodeIndex node) const { return node < cleared_.size() && cleared_[node]; }

  std::shared_ptr<const HostingTable> table_;
  std::vector<std::size_t> counts_;  // by NodeIndex
  // Changes since the last Build.
  std::array<std::vector<Op>, HostingTable::kShards> ops_;
  std::vector<std::uint8_t> op_names_;
  std::vector<bool> cleared_;  // by NodeIndex: drop all it has, then apply the ops
  std::vector<bool> touched_;  // by NodeIndex: has changes here
  std::vector<std::pair<std::size_t, std::shared_ptr<const HostingShard>>> taken_;
  bool any_cleared_ = false;
  bool any_ops_ = false;
};

}  // namespace dnsd::fleet
