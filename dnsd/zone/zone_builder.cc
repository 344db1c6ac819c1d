#include "dnsd/zone/zone_builder.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <new>
#include <set>
#include <string_view>
#include <utility>

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
  const wire::RdataShape shape = wire::ShapeOf(type);
  if (shape.names == 0 && !shape.target) return true;
  wire::Reader in(rdata);
  in.Bytes(shape.prefix);
  Name name;
  if (shape.target) {
    const bool more = type == RrType::kSvcb || type == RrType::kHttps;  // parameters
    return wire::ReadName(in, name) == wire::WireError::kNone && (more || in.left() == 0);
  }
  for (unsigned i = 0; i < shape.names; ++i) {
    if (wire::ReadName(in, name) != wire::WireError::kNone) return false;
  }
  return in.left() == (type == RrType::kSoa ? 20U : 0U);
}

constexpr std::uint32_t kFirstApex = 1;          // the node that every zone begins with
constexpr std::size_t kMostWords = 0x3FFF'FFFF;  // of nodes and of data, before the last owner
constexpr std::size_t kMostKept = 0xF000'0000;   // octets of rdata, before the last RRset
constexpr std::size_t kMostTold = 20;            // faults, and warnings

void Append16(std::vector<std::uint8_t>& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

}  // namespace

ZoneBuilder::ZoneBuilder(const Name& apex, AddressTable& addresses, const SiteRules& rules)
    : rules_(rules),
      zone_(std::make_shared<Zone>()),
      pools_(addresses),
      apex_hash_(apex.Hash()),
      owner_(apex) {
  zone_->apex_ = apex;
  AddNode(apex_hash_, {}, 0);
}

void ZoneBuilder::Reserve(std::size_t file_size) {
  constexpr std::size_t kPerName = 64;  // octets of text, at the least in most zones
  zone_->nodes_.Reserve(file_size);
  zone_->data_.Reserve(file_size);
  Reindex(file_size / kPerName, file_size);
}

void ZoneBuilder::Fault(RecordSource source, std::string message, bool fatal) {
  std::size_t& told = fatal ? told_faults_ : told_warnings_;
  if (told > kMostTold) return;
  if (told++ == kMostTold) message = "too many of these; the rest is not told";
  faults_.push_back({source, std::move(message), fatal});
}

void ZoneBuilder::Add(const Name& owner, RrType type, std::uint32_t ttl,
                      std::span<const std::uint8_t> rdata, RecordSource source) {
  if (owner_ != owner) {
    if (!owner.IsAtOrBelow(zone_->apex_)) {
      Fault(source, "owner name " + owner.ToString() +
                        " is outside the zone; wanted a name at or below " +
                        zone_->apex_.ToString());
      return;
    }
    FinishOwner();
    owner_ = owner;
  }
  if (!IsWellFormed(type, rdata)) {
    Fault(source, "rdata of " + std::to_string(rdata.size()) + " octets at " + owner.ToString() +
                      " is no rdata of type " + std::to_string(static_cast<unsigned>(type)));
    return;
  }
  if (IsTooLarge(source)) return;
  records_.push_back({0, type, static_cast<std::uint16_t>(rdata.size()),
                      static_cast<std::uint32_t>(rdata_.size()), ttl, source});
  rdata_.insert(rdata_.end(), rdata.begin(), rdata.end());
  if (IsAddress(type)) return;
  // Names that may be compressed are kept in lower case, so that equal names are found.
  const wire::RdataShape shape = wire::ShapeOf(type);
  std::uint8_t* at = rdata_.data() + records_.back().rdata + shape.prefix;
  for (unsigned i = 0; i < shape.names; ++i) {
    const std::size_t size = wire::NameSize({at, rdata_.data() + rdata_.size()});
    std::transform(at, at + size, at, wire::LowerOctet);
    at += size;
  }
}

// Whether numbers of four octets would run out; says so once.
bool ZoneBuilder::IsTooLarge(RecordSource source) {
  const bool too_large = zone_->nodes_.end() > kMostWords || zone_->data_.end() > kMostWords ||
                         rdata_.size() > kMostKept;
  if (too_large && !std::exchange(too_large_, true)) Fault(source, "the zone is too large");
  return too_large;
}

// Builds the node of the owner whose records have come, if nothing can be missing: addresses alone,
// of a name not seen before. Keeps the records for the end otherwise.
void ZoneBuilder::FinishOwner() {
  const Records records = std::span(records_).subspan(owner_records_);
  if (records.empty()) return;
  SortByType(records);
  const NameHashes hashes(owner_);
  std::uint32_t number = zone_->FindNumber(hashes.of(0), owner_.wire());
  const bool plain =
      number == 0 && IsAddress(records.front().type) && IsAddress(records.back().type) &&
      std::ranges::all_of(records, [](const Record& record) { return IsAddress(record.type); });
  if (number == 0) number = AddOwner(owner_, hashes, CountTypes(records));
  if (plain) {
    Fill(number, owner_, records);
    records_.resize(owner_records_);
    rdata_.resize(owner_rdata_);
  } else {
    for (Record& record : records) record.node = number;
    owner_records_ = records_.size();
    owner_rdata_ = rdata_.size();
  }
}

// Each RRset in the order of the file.
void ZoneBuilder::SortByType(Records records) {
  const auto by_type = [](const Record& a, const Record& b) { return a.type < b.type; };
  if (std::is_sorted(records.begin(), records.end(), by_type)) return;
  std::stable_sort(records.begin(), records.end(), by_type);
}

std::size_t ZoneBuilder::CountTypes(Records sorted) {
  std::size_t count = sorted.empty() ? 0 : 1;
  for (std::size_t i = 1; i < sorted.size(); ++i) {
    count += sorted[i].type != sorted[i - 1].type ? 1U : 0U;
  }
  return count;
}

// The new node of `owner`, with room for `rrsets`, made with those of its missing ancestors: the
// empty non-terminals.
std::uint32_t ZoneBuilder::AddOwner(const Name& owner, const NameHashes& hashes,
                                    std::size_t rrsets) {
  const std::size_t to_apex = owner.label_count() - zone_->apex_.label_count();
  const auto relative = [&](std::size_t i) {
    const auto name = owner.suffix(i);
    return name.first(name.size() - zone_->apex_.wire().size());
  };
  const std::uint32_t added = AddNode(hashes.of(0), relative(0), rrsets);
  std::size_t depth = 1;
  for (; depth < to_apex && zone_->FindNumber(hashes.of(depth), owner.suffix(depth)) == 0;
       ++depth) {
    AddNode(hashes.of(depth), relative(depth), 0);
  }
  for (std::size_t i = 0; i < depth; ++i) {
    if (!owner.is_wildcard(i)) continue;
    node(zone_->FindNumber(hashes.of(i + 1), owner.suffix(i + 1))).flags |= Node::kHasWildcard;
  }
  return added;
}

std::uint32_t ZoneBuilder::AddNode(std::uint64_t hash, std::span<const std::uint8_t> relative_name,
                                   std::size_t rrsets) {
  const std::uint32_t number = PlaceNode(relative_name, rrsets);
  ++zone_->node_count_;
  if (zone_->index_.HasRoom(zone_->node_count_, number)) {
    zone_->index_.Insert(hash, number);
  } else {
    Reindex(2 * zone_->node_count_ + 8, 4 * zone_->nodes_.end());
  }
  return number;
}

std::uint32_t ZoneBuilder::PlaceNode(std::span<const std::uint8_t> relative_name,
                                     std::size_t rrsets) {
  const std::size_t head = sizeof(Node) + rrsets * sizeof(Rrset);
  const std::uint32_t number = zone_->nodes_.Add(head + relative_name.size());
  Node& placed = *new (zone_->nodes_.at(number)) Node;
  placed.rrset_count = static_cast<std::uint16_t>(rrsets);
  placed.name_size = static_cast<std::uint8_t>(relative_name.size());
  for (std::size_t i = 0; i < rrsets; ++i) {
    new (zone_->nodes_.at(number) + sizeof(Node) + i * sizeof(Rrset)) Rrset;
  }
  std::copy(relative_name.begin(), relative_name.end(), zone_->nodes_.at(number) + head);
  return number;
}

// Builds the RRsets of a node with room for them. `records`: all of them, by type.
void ZoneBuilder::Fill(std::uint32_t number, const Name& owner, Records records) {
  std::size_t filled = 0;
  for (std::size_t first = 0; first < records.size();) {
    std::size_t last = first;
    while (last < records.size() && records[last].type == records[first].type) ++last;
    const Rrset rrset = BuildRrset(owner, records.subspan(first, last - first));
    if (rrset.type == RrType::kNs && number != zone_->apex_node_) node(number).flags |= Node::kCut;
    if (rrset.type == RrType::kDname) node(number).flags |= Node::kDname;
    if (rrset.type == RrType::kCname) node(number).flags |= Node::kCname;
    rrsets(number)[filled++] = rrset;
    first = last;
  }
  hides_ = hides_ || node(number).has(Node::kCut) || node(number).has(Node::kDname);
}

std::shared_ptr<const Zone> ZoneBuilder::Build() {
  FinishOwner();
  BuildKept();
  ReadSoa();
  if (hides_) MarkOccluded();
  CountSites();
  CheckNameServers();
  if (std::ranges::any_of(faults_, &ZoneFault::fatal)) return nullptr;
  if (8 * replaced_ > zone_->nodes_.end()) Compact();
  Reindex(zone_->node_count_, zone_->nodes_.end());
  zone_->nodes_.Shrink();
  zone_->data_.Shrink();
  zone_->pool_count_ = pools_.count();
  zone_->longest_pool_ = pools_.longest();
  return std::move(zone_);
}

// The kept records, with what their owners have besides.
void ZoneBuilder::BuildKept() {
  std::stable_sort(records_.begin(), records_.end(), [](const Record& a, const Record& b) {
    return a.node != b.node ? a.node < b.node : a.type < b.type;
  });
  std::vector<Record> all;
  for (std::size_t first = 0; first < records_.size();) {
    if (IsTooLarge(records_[first].source)) return;
    const std::uint32_t number = records_[first].node;
    all.clear();
    AddBuilt(number, all);
    for (; first < records_.size() && records_[first].node == number; ++first) {
      all.push_back(records_[first]);
    }
    SortByType(all);
    const Name owner = zone_->name(node(number));
    CheckNode(number, owner, all);
    Fill(WithRoom(number, owner, CountTypes(all)), owner, all);
  }
}

// The records that a node was built of already. Those kept came later in the file.
void ZoneBuilder::AddBuilt(std::uint32_t number, std::vector<Record>& records) {
  for (const Rrset& rrset : rrsets(number)) {
    if (rrset.count == 0) continue;  // room for what was kept
    for (const auto octets : RecordsOf(zone_->rdata(rrset))) {
      records.push_back({number,
                         rrset.type,
                         static_cast<std::uint16_t>(octets.size()),
                         static_cast<std::uint32_t>(rdata_.size()),
                         rrset.ttl,
                         {}});
      rdata_.insert(rdata_.end(), octets.begin(), octets.end());
      --zone_->record_count_;
    }
  }
}

// The node itself, or one that takes its place, with room for so many RRsets.
std::uint32_t ZoneBuilder::WithRoom(std::uint32_t number, const Name& owner, std::size_t wanted) {
  if (node(number).rrset_count == wanted) return number;
  const std::size_t relative = node(number).name_size;
  const std::uint32_t now = PlaceNode(owner.wire().first(relative), wanted);
  node(now).flags = node(number).flags;
  node(number).flags = Node::kReplaced;
  replaced_ += zone_->Next(number) - number;
  if (zone_->index_.HasRoom(zone_->node_count_, now)) {
    zone_->index_.Replace(owner.Hash(), number, now);
  } else {
    Reindex(2 * zone_->node_count_, 4 * zone_->nodes_.end());
  }
  if (number == zone_->apex_node_) zone_->apex_node_ = now;
  return now;
}

void ZoneBuilder::CheckNode(std::uint32_t number, const Name& owner, Records records) {
  const Record* cname = nullptr;
  const Record* other = nullptr;
  const Record* dname = nullptr;
  for (const Record& record : records) {
    if (record.type == RrType::kSoa && number != zone_->apex_node_) {
      Fault(record.source, "SOA at " + owner.ToString() + "; wanted it at the apex " +
                               zone_->apex_.ToString() + " only");
    }
    if (record.type == RrType::kDname) {
      if (dname != nullptr && AsText(rdata(*dname)) != AsText(rdata(record))) {
        Fault(record.source, "second DNAME at " + owner.ToString() + "; wanted one (RFC 6672 2.4)");
      }
      dname = &record;
    }
    if (record.type == RrType::kCname) {
      if (cname != nullptr && AsText(rdata(*cname)) != AsText(rdata(record))) {
        Fault(record.source,
              "second CNAME at " + owner.ToString() + "; wanted one (RFC 2181 10.1)");
      }
      cname = &record;
    } else if (!MayJoinCname(record.type)) {
      other = &record;
    }
  }
  if (cname != nullptr && other != nullptr) {
    const Record& later = other->source.line > cname->source.line ? *other : *cname;
    Fault(later.source, "CNAME and other data at " + owner.ToString() +
                            "; wanted the CNAME alone (RFC 1034 3.6.2)");
  }
}

// Moves what equals a record before it out (RFC 2181 §5).
ZoneBuilder::Records ZoneBuilder::WithoutRepeats(Records records) const {
  constexpr std::size_t kFew = 16;
  std::set<std::string_view> seen;
  std::size_t kept = 0;
  for (const Record& record : records) {
    const auto octets = rdata(record);
    const auto before = records.first(kept);
    const bool repeats =
        records.size() <= kFew
            ? std::ranges::any_of(
                  before,
                  [&](const Record& other) { return std::ranges::equal(rdata(other), octets); })
            : !seen.insert(AsText(octets)).second;
    if (!repeats) records[kept++] = record;
  }
  return records.first(kept);
}

Rrset ZoneBuilder::BuildRrset(const Name& owner, Records given) {
  Records records = WithoutRepeats(given);
  Rrset rrset;
  rrset.type = records.front().type;
  rrset.ttl = records.front().ttl;
  for (const Record& record : records) {
    if (record.ttl != rrset.ttl) {
      Fault(record.source,
            "TTL " + std::to_string(record.ttl) + " differs within the RRset of " +
                owner.ToString() + "; the least is used (RFC 2181 5.2)",
            false);
    }
    rrset.ttl = std::min(rrset.ttl, record.ttl);
  }
  if (rrset.ttl > 0x7FFFFFFFU) rrset.ttl = 0;  // RFC 2181 §8
  if (records.size() > 0xFFFF) {
    Fault(records.back().source, "more than 65,535 records in one RRset");
    records = records.first(0xFFFF);
  }
  rrset.count = static_cast<std::uint16_t>(records.size());
  zone_->record_count_ += records.size();
  if (IsAddress(rrset.type)) {
    StoreAddresses(owner, records, rrset);
  } else {
    rrset.pool = StoreRdata(records);
  }
  return rrset;
}

DataRef ZoneBuilder::StoreRdata(Records records) {
  octets_.clear();
  for (const Record& record : records) {
    Append16(octets_, record.rdata_size);
    const auto data = rdata(record);
    octets_.insert(octets_.end(), data.begin(), data.end());
  }
  return StoreOctets();
}

DataRef ZoneBuilder::StoreOctets() {
  const auto size = static_cast<std::uint32_t>(octets_.size());
  const Arena::Index at = zone_->data_.Add(sizeof size + size);
  std::memcpy(zone_->data_.at(at), &size, sizeof size);
  std::copy(octets_.begin(), octets_.end(), zone_->data_.at(at) + sizeof size);
  return DataRef::ToRdata(at);
}

// Stores an address RRset; once for all sites with the same members, if its owner is a site: it has
// several addresses, or a rule says so.
void ZoneBuilder::StoreAddresses(const Name& owner, Records records, Rrset& rrset) {
  const auto rule = rules_.Match(owner);
  if (!rule && records.size() < 2) {
    rrset.pool = StoreRdata(records);
    return;
  }
  octets_.clear();
  for (const Record& record : records) {
    const auto address = rdata(record);
    octets_.insert(octets_.end(), address.begin(), address.end());
  }
  rrset.pool = DataRef::ToPool(pools_.Intern(octets_, records.front().rdata_size, zone_->data_));
  rrset.options = rule.value_or(0);
}

// Says of each node whether something above hides it; no site is hidden or a cut.
void ZoneBuilder::MarkOccluded() {
  const std::size_t apex_labels = zone_->apex_.label_count();
  for (std::uint32_t number = kFirstApex; number < zone_->nodes_.end();
       number = zone_->Next(number)) {
    if (node(number).has(Node::kReplaced)) continue;
    const Name name = zone_->name(node(number));
    const NameHashes hashes(name);
    for (std::size_t up = 1; up + apex_labels <= name.label_count(); ++up) {
      const Node& above = node(zone_->FindNumber(hashes.of(up), name.suffix(up)));
      if (above.has(Node::kCut) || above.has(Node::kDname)) node(number).flags |= Node::kOccluded;
    }
    if (node(number).has(Node::kOccluded) || node(number).has(Node::kCut)) Demote(number);
  }
}

// Makes a site a name like any other.
void ZoneBuilder::Demote(std::uint32_t number) {
  for (Rrset& rrset : rrsets(number)) {
    if (rrset.pool == kNoPool) continue;
    octets_.clear();
    for (const auto address : RecordsOf(zone_->rdata(rrset))) {
      Append16(octets_, address.size());
      octets_.insert(octets_.end(), address.begin(), address.end());
    }
    rrset.pool = StoreOctets();
    rrset.options = 0;
  }
}

void ZoneBuilder::CountSites() {
  for (const Node& each : zone_->nodes()) {
    const bool site = std::ranges::any_of(each.rrsets(),
                                          [](const Rrset& rrset) { return rrset.pool != kNoPool; });
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
      if (record.node == kFirstApex && record.type == RrType::kSoa) second = &record;
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

// Leaves the replaced nodes out.
void ZoneBuilder::Compact() {
  Arena compact;
  std::uint32_t apex = 0;
  for (std::uint32_t number = kFirstApex; number < zone_->nodes_.end();
       number = zone_->Next(number)) {
    if (node(number).has(Node::kReplaced)) continue;
    const std::size_t octets = std::size_t{zone_->Next(number) - number} * 4;
    const std::uint32_t now = compact.Add(octets);
    std::memcpy(compact.at(now), zone_->nodes_.at(number), octets);
    if (number == zone_->apex_node_) apex = now;
  }
  zone_->nodes_ = std::move(compact);
  zone_->apex_node_ = apex;
}

// Makes the index anew, for so many names and node numbers.
void ZoneBuilder::Reindex(std::size_t names, std::size_t most) {
  NameIndex index(names, most);
  for (std::uint32_t number = kFirstApex; number < zone_->nodes_.end();
       number = zone_->Next(number)) {
    if (!node(number).has(Node::kReplaced)) index.Insert(HashOf(node(number)), number);
  }
  zone_->index_ = std::move(index);
}

std::uint64_t ZoneBuilder::HashOf(const Node& of) const {
  std::array<std::uint8_t, Name::kMaxLabels> labels;  // where each begins
  std::size_t count = 0;
  const auto name = of.relative_name();
  for (std::size_t at = 0; at < name.size(); at += 1U + name[at]) {
    labels[count++] = static_cast<std::uint8_t>(at);
  }
  std::uint64_t hash = apex_hash_;
  while (count > 0) {
    const std::size_t at = labels[--count];
    hash = wire::HashLabel(hash, name.subspan(at + 1, name[at]));
  }
  return hash;
}

}  // namespace dnsd::zone
