// Makes a Zone of records.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "dnsd/base/address_table.h"
#include "dnsd/base/status.h"
#include "dnsd/zone/master_file.h"
#include "dnsd/zone/site_rules.h"
#include "dnsd/zone/zone.h"

namespace dnsd::zone {

// A rule of the zone that a record breaks. A fault keeps the zone from being served.
struct ZoneFault {
  RecordSource source;
  std::string message;
  bool fatal = true;
};

// Takes records in any order, then builds the zone once. Borrows `addresses` and `rules`.
class ZoneBuilder {
 public:
  ZoneBuilder(const wire::Name& apex, AddressTable& addresses, const SiteRules& rules);

  // Adds a record of class IN; `rdata` is uncompressed wire form. A name outside the apex is noted
  // as a fault, and so is rdata that is not of its type.
  void Add(const wire::Name& owner, wire::RrType type, std::uint32_t ttl,
           std::span<const std::uint8_t> rdata, RecordSource source);

  // The zone, or null when a fatal fault was found; faults() tells. Call it once.
  std::shared_ptr<const Zone> Build();

  const std::vector<ZoneFault>& faults() const { return faults_; }

 private:
  struct Record {
    std::uint32_t node;
    wire::RrType type;
    std::uint16_t rdata_size;
    std::uint32_t rdata;  // where in rdata_
    std::uint32_t ttl;
    RecordSource source;
  };
  using Records = std::span<const Record>;

  std::span<const std::uint8_t> rdata(const Record& record) const {
    return std::span(rdata_).subspan(record.rdata, record.rdata_size);
  }
  void Fault(RecordSource source, std::string message, bool fatal = true);
  std::uint32_t NodeFor(const wire::Name& owner);
  std::uint32_t AddNode(std::uint64_t hash, std::span<const std::uint8_t> name);
  void Grow();
  void SortRecords();
  void BuildNode(std::uint32_t node, Records records);
  void BuildRrset(std::uint32_t node, Records records);
  void CheckNode(std::uint32_t node, Records records);
  std::vector<Record> WithoutRepeats(Records records) const;
  void MakeSite(std::uint32_t node, Rrset& rrset, const std::vector<Record>& records);
  void StoreRdata(Rrset& rrset, const std::vector<Record>& records);
  void MarkNodes();
  void ReadSoa();
  void CheckNameServers();
  wire::Name NameOf(std::uint32_t node) const;

  AddressTable& addresses_;
  const SiteRules& rules_;
  std::shared_ptr<Zone> zone_;
  std::vector<std::uint64_t> hashes_;  // of each node's name
  wire::Name last_owner_;              // of the record before, and its node:
  std::uint32_t last_node_ = 0;        // a file names an owner's records in a row
  std::vector<Record> records_;
  std::vector<std::uint8_t> rdata_;
  // Pools and the rdata of their RRsets by their members' addresses in a row.
  struct Interned {
    PoolIndex pool;
    std::uint32_t rdata;
    std::uint32_t rdata_size;
  };
  std::unordered_map<std::string, Interned> interned_;
  std::vector<ZoneFault> faults_;
};

}  // namespace dnsd::zone
