#include "dnsd/zone/zone_builder.h"

#include <algorithm>
#include <cstring>
#include <set>
#include <string_view>

#include "dnsd/wire/writer.h"

namespace dnsd::zone {
namespace {

using wire::Name;
using wire::RrType;

std::string_view AsText(std::span<const std::uint8_t> octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

bool IsAddress(RrType type) { return type == RrType::kA || type == RrType::kAaaa; }

// Types that may stand beside a CNAME (RFC 2181 §10.1, RFC 4034 §3 and §4).
bool MayJoinCname(RrType type) { return type == RrType::kRrsig || type == RrType::kNsec; }

// Whether rdata of the types that are read here or compressed when sent is what it should be. ldns
// lets some through in the form of RFC 3597 that is not.
bool IsWellFormed(RrType type, std::span<const std::uint8_t> rdata) {
  if (type == RrType::kA) return rdata.size() == 4;
  if (type == RrType::kAaaa) return rdata.size() == 16;
  if (type == RrType::kDname) return Name::FromWire(rdata).has_value();
  const wire::RdataShape shape = wire::ShapeOf(type);
  if (shape.names == 0) return true;
  wire::Reader in(rdata);
  in.Bytes(shape.prefix);
  Name name;
  for (unsigned i = 0; i < shape.names; ++i) {
    if (wire::ReadName(in, name) != wire::WireError::kNone) return false;
  }
  return in.left() == (type == RrType::kSoa ? 20U : 0U);
}

void Append16(std::vector<std::uint8_t>& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

std::uint32_t Size32(std::size_t size) { return static_cast<std::uint32_t>(size); }

}  // namespace

ZoneBuilder::ZoneBuilder(const Name& apex, AddressTable& addresses, const SiteRules& rules)
    : addresses_(addresses), rules_(rules), zone_(std::make_shared<Zone>()), last_owner_(apex) {
  zone_->apex_ = apex;
  zone_->slots_.resize(16);
  AddNode(apex.Hash(), apex.wire());
}

void ZoneBuilder::Fault(RecordSource source, std::string message, bool fatal) {
  faults_.push_back({source, std::move(message), fatal});
}

void ZoneBuilder::Add(const Name& owner, RrType type, std::uint32_t ttl,
                      std::span<const std::uint8_t> rdata, RecordSource source) {
  if (!owner.IsAtOrBelow(zone_->apex_)) {
    Fault(source, "owner name " + owner.ToString() +
                      " is outside the zone; wanted a name at or below " + zone_->apex_.ToString());
    return;
  }
  if (!IsWellFormed(type, rdata)) {
    Fault(source, "rdata of " + std::to_string(rdata.size()) + " octets at " + owner.ToString() +
                      " is no rdata of type " + std::to_string(static_cast<unsigned>(type)));
    return;
  }
  if (last_owner_ != owner) {
    last_node_ = NodeFor(owner);
    last_owner_ = owner;
  }
  records_.push_back({last_node_, type, static_cast<std::uint16_t>(rdata.size()),
                      Size32(rdata_.size()), ttl, source});
  rdata_.insert(rdata_.end(), rdata.begin(), rdata.end());
  // Names that may be compressed are kept in lower case, so that equal names are found.
  const wire::RdataShape shape = wire::ShapeOf(type);
  std::uint8_t* at = rdata_.data() + records_.back().rdata + shape.prefix;
  for (unsigned i = 0; i < shape.names; ++i) {
    const std::size_t size = wire::NameSize({at, rdata_.data() + rdata_.size()});
    std::transform(at, at + size, at, wire::LowerOctet);
    at += size;
  }
}

// The node of `owner`, made with those of its missing ancestors: the empty non-terminals.
std::uint32_t ZoneBuilder::NodeFor(const Name& owner) {
  const NameHashes hashes(owner);
  const std::size_t to_apex = owner.label_count() - zone_->apex_.label_count();
  const Node* node = zone_->FindExact(hashes.of(0), owner.wire());
  if (node != nullptr) return Size32(static_cast<std::size_t>(node - zone_->nodes_.data()));
  const std::uint32_t added = AddNode(hashes.of(0), owner.wire());
  for (std::size_t i = 1; i < to_apex; ++i) {
    if (zone_->FindExact(hashes.of(i), owner.suffix(i)) != nullptr) break;
    AddNode(hashes.of(i), owner.suffix(i));
  }
  return added;
}

std::uint32_t ZoneBuilder::AddNode(std::uint64_t hash, std::span<const std::uint8_t> name) {
  Node node;
  node.name = Size32(zone_->octets_.size());
  node.name_size = static_cast<std::uint8_t>(name.size());
  zone_->octets_.insert(zone_->octets_.end(), name.begin(), name.end());
  zone_->nodes_.push_back(node);
  hashes_.push_back(hash);
  if (3 * zone_->nodes_.size() > 2 * zone_->slots_.size()) {
    Grow();
  } else {
    const std::size_t mask = zone_->slots_.size() - 1;
    std::size_t slot = hash & mask;
    while (zone_->slots_[slot] != 0) slot = (slot + 1) & mask;
    zone_->slots_[slot] = Size32(zone_->nodes_.size());
  }
  return Size32(zone_->nodes_.size() - 1);
}

void ZoneBuilder::Grow() {
  std::vector<std::uint32_t> slots(2 * zone_->slots_.size());
  const std::size_t mask = slots.size() - 1;
  for (std::size_t i = 0; i < hashes_.size(); ++i) {
    std::size_t slot = hashes_[i] & mask;
    while (slots[slot] != 0) slot = (slot + 1) & mask;
    slots[slot] = Size32(i + 1);
  }
  zone_->slots_ = std::move(slots);
}

std::shared_ptr<const Zone> ZoneBuilder::Build() {
  SortRecords();
  for (std::size_t first = 0; first < records_.size();) {
    std::size_t last = first;
    while (last < records_.size() && records_[last].node == records_[first].node) ++last;
    const Records records = std::span(records_).subspan(first, last - first);
    CheckNode(records.front().node, records);
    BuildNode(records.front().node, records);
    first = last;
  }
  ReadSoa();
  MarkNodes();
  // Only now is it known what is occluded, and so no site.
  CheckNameServers();
  if (std::ranges::any_of(faults_, &ZoneFault::fatal)) return nullptr;
  zone_->octets_.shrink_to_fit();
  zone_->nodes_.shrink_to_fit();
  zone_->rrsets_.shrink_to_fit();
  return std::move(zone_);
}

// By node and type, each RRset in the order of the file.
void ZoneBuilder::SortRecords() {
  std::stable_sort(records_.begin(), records_.end(), [](const Record& a, const Record& b) {
    return a.node != b.node ? a.node < b.node : a.type < b.type;
  });
}

void ZoneBuilder::CheckNode(std::uint32_t node, Records records) {
  const Record* cname = nullptr;
  const Record* other = nullptr;
  const Record* dname = nullptr;
  for (const Record& record : records) {
    if (record.type == RrType::kSoa && node != 0) {
      Fault(record.source, "SOA at " + NameOf(node).ToString() + "; wanted it at the apex " +
                               zone_->apex_.ToString() + " only");
    }
    if (record.type == RrType::kDname) {
      if (dname != nullptr && AsText(rdata(*dname)) != AsText(rdata(record))) {
        Fault(record.source,
              "second DNAME at " + NameOf(node).ToString() + "; wanted one (RFC 6672 2.4)");
      }
      dname = &record;
    }
    if (record.type == RrType::kCname) {
      if (cname != nullptr && AsText(rdata(*cname)) != AsText(rdata(record))) {
        Fault(record.source,
              "second CNAME at " + NameOf(node).ToString() + "; wanted one (RFC 2181 10.1)");
      }
      cname = &record;
    } else if (!MayJoinCname(record.type)) {
      other = &record;
    }
  }
  if (cname != nullptr && other != nullptr) {
    const Record& later = other->source.line > cname->source.line ? *other : *cname;
    Fault(later.source, "CNAME and other data at " + NameOf(node).ToString() +
                            "; wanted the CNAME alone (RFC 1034 3.6.2)");
  }
}

void ZoneBuilder::BuildNode(std::uint32_t node, Records records) {
  zone_->nodes_[node].first_rrset = Size32(zone_->rrsets_.size());
  for (std::size_t first = 0; first < records.size();) {
    std::size_t last = first;
    while (last < records.size() && records[last].type == records[first].type) ++last;
    BuildRrset(node, records.subspan(first, last - first));
    first = last;
  }
}

// Equal records are one (RFC 2181 §5).
std::vector<ZoneBuilder::Record> ZoneBuilder::WithoutRepeats(Records records) const {
  std::vector<Record> kept;
  std::set<std::string_view> seen;
  for (const Record& record : records) {
    if (seen.insert(AsText(rdata(record))).second) kept.push_back(record);
  }
  return kept;
}

void ZoneBuilder::BuildRrset(std::uint32_t node, Records given) {
  const std::vector<Record> records = WithoutRepeats(given);
  Rrset rrset;
  rrset.type = records.front().type;
  rrset.ttl = records.front().ttl;
  for (const Record& record : records) {
    if (record.ttl != rrset.ttl) {
      Fault(record.source,
            "TTL " + std::to_string(record.ttl) + " differs within the RRset of " +
                NameOf(node).ToString() + "; the least is used (RFC 2181 5.2)",
            false);
    }
    rrset.ttl = std::min(rrset.ttl, record.ttl);
  }
  if (rrset.ttl > 0x7FFFFFFFU) rrset.ttl = 0;  // RFC 2181 §8
  rrset.count = static_cast<std::uint16_t>(std::min<std::size_t>(records.size(), 0xFFFF));
  if (records.size() > 0xFFFF)
    Fault(records.back().source, "more than 65,535 records in one RRset");
  if (IsAddress(rrset.type)) {
    MakeSite(node, rrset, records);
  } else {
    StoreRdata(rrset, records);
  }
  zone_->record_count_ += records.size();
  zone_->rrsets_.push_back(rrset);
  ++zone_->nodes_[node].rrset_count;
}

void ZoneBuilder::StoreRdata(Rrset& rrset, const std::vector<Record>& records) {
  std::vector<std::uint8_t>& octets = zone_->octets_;
  rrset.rdata = Size32(octets.size());
  for (const Record& record : records) {
    Append16(octets, record.rdata_size);
    const auto data = rdata(record);
    octets.insert(octets.end(), data.begin(), data.end());
  }
  rrset.rdata_size = Size32(octets.size()) - rrset.rdata;
}

// Stores an address RRset, once for all sites with the same members, and makes its owner a site if
// it has several or a rule says so.
void ZoneBuilder::MakeSite(std::uint32_t node, Rrset& rrset, const std::vector<Record>& records) {
  const auto rule = rules_.Match(NameOf(node));
  if (!rule && records.size() < 2) return StoreRdata(rrset, records);
  std::string key;
  for (const Record& record : records) key += AsText(rdata(record));
  key += static_cast<char>(records.front().rdata_size);
  auto [at, added] = interned_.try_emplace(std::move(key));
  if (added) {
    StoreRdata(rrset, records);
    Zone::PoolEntry pool;
    pool.first = Size32(zone_->members_.size());
    pool.count = Size32(records.size());
    pool.octets = Size32(zone_->octets_.size());
    pool.address_size = static_cast<std::uint8_t>(records.front().rdata_size);
    for (const Record& record : records) {
      const auto address = rdata(record);
      zone_->octets_.insert(zone_->octets_.end(), address.begin(), address.end());
      zone_->members_.push_back(addresses_.Intern(*IpAddress::FromOctets(address)));
    }
    at->second = {Size32(zone_->pools_.size()), rrset.rdata, rrset.rdata_size};
    zone_->pools_.push_back(pool);
  }
  rrset.rdata = at->second.rdata;
  rrset.rdata_size = at->second.rdata_size;
  rrset.pool = at->second.pool;
  rrset.options = rule.value_or(0);
}

// Says of each node what it is; occluded sites are no sites.
void ZoneBuilder::MarkNodes() {
  bool hides = false;
  for (std::size_t i = 0; i < zone_->nodes_.size(); ++i) {
    Node& node = zone_->nodes_[i];
    for (const Rrset& rrset : zone_->rrsets(node)) {
      if (rrset.type == RrType::kNs && i != 0) node.flags |= Node::kCut;
      if (rrset.type == RrType::kDname) node.flags |= Node::kDname;
      if (rrset.type == RrType::kCname) node.flags |= Node::kCname;
    }
    hides = hides || node.has(Node::kCut) || node.has(Node::kDname);
  }
  for (std::uint32_t i = 1; i < zone_->nodes_.size(); ++i) {
    const Name name = NameOf(i);
    const NameHashes hashes(name);
    const auto ancestor = [&](std::size_t labels) {
      return const_cast<Node*>(zone_->FindExact(hashes.of(labels), name.suffix(labels)));
    };
    if (name.is_wildcard()) ancestor(1)->flags |= Node::kHasWildcard;
    const std::size_t to_apex = name.label_count() - zone_->apex_.label_count();
    for (std::size_t up = 1; hides && up <= to_apex; ++up) {
      const Node* above = ancestor(up);
      if (above->has(Node::kCut) || above->has(Node::kDname)) {
        zone_->nodes_[i].flags |= Node::kOccluded;
      }
    }
  }
  for (const Node& node : zone_->nodes_) {
    bool site = false;
    for (std::uint32_t i = 0; i < node.rrset_count; ++i) {
      Rrset& rrset = zone_->rrsets_[node.first_rrset + i];
      if (node.has(Node::kOccluded) || node.has(Node::kCut)) rrset.pool = kNoPool;
      site = site || rrset.pool != kNoPool;
    }
    zone_->site_count_ += site ? 1 : 0;
  }
}

void ZoneBuilder::ReadSoa() {
  const Rrset* soa = zone_->FindRrset(zone_->apex_node(), RrType::kSoa);
  if (soa == nullptr) {
    return Fault({}, "no SOA at the apex " + zone_->apex_.ToString() + "; wanted one");
  }
  if (soa->count > 1) {
    const Record* second = nullptr;
    for (const Record& record : records_) {
      if (record.node == 0 && record.type == RrType::kSoa) second = &record;
    }
    return Fault(second->source,
                 "second SOA at the apex " + zone_->apex_.ToString() + "; wanted one");
  }
  // MNAME, RNAME, then SERIAL, REFRESH, RETRY, EXPIRE, MINIMUM (RFC 1035 §3.3.13).
  const auto octets = *RecordsOf(zone_->rdata(*soa)).begin();
  wire::Reader in(octets.last(20));
  zone_->serial_ = in.U32();
  in.Bytes(12);
  zone_->negative_ttl_ = std::min(in.U32(), soa->ttl);
}

// Warns of a zone that no parent could delegate to.
void ZoneBuilder::CheckNameServers() {
  if (zone_->FindRrset(zone_->apex_node(), RrType::kNs) == nullptr) {
    Fault({}, "no NS at the apex " + zone_->apex_.ToString(), false);
  }
  for (const Record& record : records_) {
    if (record.type != RrType::kNs) continue;
    const auto target = Name::FromWire(rdata(record));
    if (!target || !target->IsAtOrBelow(zone_->apex_)) continue;
    // A target at or below a cut needs its glue here just as well.
    const Node* node = zone_->FindExact(target->Hash(), target->wire());
    if (node == nullptr || (zone_->FindRrset(*node, RrType::kA) == nullptr &&
                            zone_->FindRrset(*node, RrType::kAaaa) == nullptr)) {
      Fault(record.source, "name server " + target->ToString() + " has no address in the zone",
            false);
    }
  }
}

Name ZoneBuilder::NameOf(std::uint32_t node) const {
  return *Name::FromWire(zone_->name(zone_->nodes_[node]));
}

}  // namespace dnsd::zone
