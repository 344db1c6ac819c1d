#include "dnsd/fleet/hosting_builder.h"

#include <algorithm>
#include <compare>
#include <utility>

namespace dnsd::fleet {

// Lays one shard out from its sites by rising (tag, name).
class HostingShardWriter {
 public:
  void Add(std::uint32_t tag, std::span<const std::uint8_t> name, std::span<const Host> hosts) {
    sites_.push_back({tag, static_cast<std::uint32_t>(shard_->names_.size()),
                      static_cast<std::uint32_t>(shard_->hosts_.size()),
                      static_cast<std::uint16_t>(hosts.size()),
                      static_cast<std::uint8_t>(name.size())});
    shard_->names_.insert(shard_->names_.end(), name.begin(), name.end());
    shard_->hosts_.insert(shard_->hosts_.end(), hosts.begin(), hosts.end());
  }

  // Null for a shard without sites. Two slots of three are filled.
  std::shared_ptr<const HostingShard> Finish() {
    if (sites_.empty()) return nullptr;
    shard_->site_count_ = sites_.size();
    shard_->homes_ = sites_.size() + sites_.size() / 2 + 1;
    shard_->slots_.resize(shard_->homes_ + 1);
    std::size_t next = 0;
    for (const HostingShard::Slot& site : sites_) {
      const std::size_t at = std::max(next, shard_->Home(site.tag));
      if (at + 1 >= shard_->slots_.size()) shard_->slots_.resize(at + 2);
      shard_->slots_[at] = site;
      next = at + 1;
    }
    shard_->names_.shrink_to_fit();
    shard_->hosts_.shrink_to_fit();
    return std::move(shard_);
  }

 private:
  std::vector<HostingShard::Slot> sites_;
  std::shared_ptr<HostingShard> shard_ = std::make_shared<HostingShard>();
};

namespace {

Host HostOf(const SiteReport& site, NodeIndex node) {
  return {node, site.ready, site.healthy, site.home, site.content_version, site.bytes};
}

const Host* FindHost(std::span<const Host> hosts, NodeIndex node) {
  const auto at = std::ranges::lower_bound(hosts, node, {}, &Host::node);
  return at != hosts.end() && at->node == node ? &*at : nullptr;
}

// The order of sites in a shard.
std::strong_ordering Compare(std::uint32_t tag_a, std::span<const std::uint8_t> name_a,
                             std::uint32_t tag_b, std::span<const std::uint8_t> name_b) {
  if (tag_a != tag_b) return tag_a <=> tag_b;
  return std::lexicographical_compare_three_way(name_a.begin(), name_a.end(), name_b.begin(),
                                                name_b.end());
}

bool AllDistinct(std::span<const SiteReport> sites) {
  std::vector<std::uint64_t> hashes;
  hashes.reserve(sites.size());
  for (const SiteReport& site : sites) hashes.push_back(site.name.Hash());
  std::ranges::sort(hashes);
  return std::ranges::adjacent_find(hashes) == hashes.end();
}

}  // namespace

void HostingBuilder::Adopt(std::shared_ptr<const HostingTable> table) {
  table_ = std::move(table);
  counts_.clear();
  table_->ForEach([this](auto, std::span<const Host> hosts) {
    for (const Host& host : hosts) {
      if (counts_.size() <= host.node) counts_.resize(host.node + std::size_t{1});
      ++counts_[host.node];
    }
  });
}

void HostingBuilder::Take(std::size_t i, std::shared_ptr<const HostingShard> shard) {
  taken_.emplace_back(i, std::move(shard));
}

void HostingBuilder::SetFull(NodeIndex node, std::span<const SiteReport> sites) {
  Begin(node);
  if (NamesAll(node, sites)) {
    for (const SiteReport& site : sites) PutIfNew(site, node);
    return;
  }
  if (cleared_.size() <= node) cleared_.resize(node + 1);
  cleared_[node] = any_cleared_ = true;
  touched_[node] = true;
  for (const SiteReport& site : sites) Put(site, node);
}

void HostingBuilder::SetAll(NodeIndex node, std::span<const SiteReport> sites) {
  std::vector<SiteReport> exceptions;
  for (const SiteReport& site : sites) {
    if (!site.ready || !site.healthy) exceptions.push_back(site);
  }
  SetFull(node, exceptions);
}

void HostingBuilder::Change(NodeIndex node, std::span<const SiteReport> sites,
                            std::span<const wire::Name> removed) {
  Begin(node);
  for (const SiteReport& site : sites) Put(site, node);
  for (const wire::Name& name : removed) AddOp(name, true, Host{.node = node});
}

void HostingBuilder::ChangeAll(NodeIndex node, std::span<const SiteReport> sites,
                               std::span<const wire::Name> removed) {
  Begin(node);
  for (const SiteReport& site : sites) {
    AddOp(site.name, site.ready && site.healthy, HostOf(site, node));
  }
  for (const wire::Name& name : removed) AddOp(name, false, Host{.node = node});
}

// The changes that wait speak of the table as it is, so a node's second change waits for the first.
void HostingBuilder::Begin(NodeIndex node) {
  if (node < touched_.size() && touched_[node]) Build();
  if (touched_.size() <= node) touched_.resize(node + 1);
  if (counts_.size() <= node) counts_.resize(node + 1);
}

// Whether `sites` leave out no site that is held for the node, and name none twice.
bool HostingBuilder::NamesAll(NodeIndex node, std::span<const SiteReport> sites) const {
  if (sites.size() < counts_[node]) return false;
  std::size_t held = 0;
  for (const SiteReport& site : sites) {
    held += FindHost(table_->Find(site.name.Hash(), site.name.wire()), node) != nullptr;
  }
  return held == counts_[node] && AllDistinct(sites);
}

void HostingBuilder::Put(const SiteReport& site, NodeIndex node) {
  AddOp(site.name, false, HostOf(site, node));
}

void HostingBuilder::PutIfNew(const SiteReport& site, NodeIndex node) {
  const Host* held = FindHost(table_->Find(site.name.Hash(), site.name.wire()), node);
  if (held == nullptr || *held != HostOf(site, node)) Put(site, node);
}

void HostingBuilder::AddOp(const wire::Name& name, bool remove, const Host& host) {
  const HostingKey key = HostingKey::Of(name.Hash());
  std::vector<Op>& ops = ops_[key.shard];
  const auto octets = name.wire();
  ops.push_back({.tag = key.tag,
                 .name_size = static_cast<std::uint32_t>(octets.size()),
                 .name_offset = op_names_.size(),
                 .remove = remove,
                 .host = host});
  op_names_.insert(op_names_.end(), octets.begin(), octets.end());
  touched_[host.node] = true;
  any_ops_ = true;
}

std::shared_ptr<const HostingTable> HostingBuilder::Build() {
  if (!any_ops_ && !any_cleared_ && taken_.empty()) return table_;
  auto next = std::make_shared<HostingTable>(*table_);
  for (auto& [i, shard] : taken_) next->shards_[i] = std::move(shard);
  taken_.clear();
  next->site_count_ = 0;
  for (std::size_t i = 0; i < HostingTable::kShards; ++i) {
    auto& shard = next->shards_[i];
    if (!ops_[i].empty() || (any_cleared_ && shard != nullptr && Clears(*shard))) {
      shard = Rebuild(shard.get(), ops_[i]);
      ops_[i] = {};
    }
    if (shard != nullptr) next->site_count_ += shard->site_count();
  }
  op_names_ = {};
  cleared_.clear();
  touched_.clear();
  any_cleared_ = any_ops_ = false;
  return table_ = std::move(next);
}

bool HostingBuilder::Clears(const HostingShard& shard) const {
  bool found = false;
  shard.ForEach([&](std::uint32_t, auto, std::span<const Host> hosts) {
    found = found || std::ranges::any_of(
                         hosts, [&](NodeIndex n) { return is_cleared(n); }, &Host::node);
  });
  return found;
}

// Merges the old shard's sites with the changes, both by rising (tag, name).
std::shared_ptr<const HostingShard> HostingBuilder::Rebuild(const HostingShard* old,
                                                            std::vector<Op>& ops) {
  std::ranges::stable_sort(ops, [this](const Op& a, const Op& b) {
    return Compare(a.tag, NameOf(a), b.tag, NameOf(b)) < 0;
  });
  HostingShardWriter writer;
  std::vector<Host> hosts;
  auto op = ops.begin();
  // The changes of the site that `op` stands at, applied to `hosts`.
  const auto apply_site = [&] {
    const auto first = op;
    while (op != ops.end() && op->tag == first->tag &&
           std::ranges::equal(NameOf(*op), NameOf(*first))) {
      Apply(*op++, hosts);
    }
    if (!hosts.empty()) writer.Add(first->tag, NameOf(*first), hosts);
  };
  const auto visit = [&](std::uint32_t tag, std::span<const std::uint8_t> name,
                         std::span<const Host> old_hosts) {
    while (op != ops.end() && Compare(op->tag, NameOf(*op), tag, name) < 0) {
      hosts.clear();
      apply_site();
    }
    hosts.assign(old_hosts.begin(), old_hosts.end());
    if (any_cleared_) DropCleared(hosts);
    if (op != ops.end() && Compare(op->tag, NameOf(*op), tag, name) == 0) {
      apply_site();
    } else if (!hosts.empty()) {
      writer.Add(tag, name, hosts);
    }
  };
  if (old != nullptr) old->ForEach(visit);
  while (op != ops.end()) {
    hosts.clear();
    apply_site();
  }
  return writer.Finish();
}

void HostingBuilder::Apply(const Op& op, std::vector<Host>& hosts) {
  const auto at = std::ranges::lower_bound(hosts, op.host.node, {}, &Host::node);
  const bool held = at != hosts.end() && at->node == op.host.node;
  if (op.remove) {
    if (!held) return;
    hosts.erase(at);
    --counts_[op.host.node];
  } else if (held) {
    *at = op.host;
  } else {
    hosts.insert(at, op.host);
    ++counts_[op.host.node];
  }
}

void HostingBuilder::DropCleared(std::vector<Host>& hosts) {
  std::erase_if(hosts, [this](const Host& host) {
    if (!is_cleared(host.node)) return false;
    --counts_[host.node];
    return true;
  });
}

}  // namespace dnsd::fleet
