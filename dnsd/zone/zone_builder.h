// Makes a Zone of records.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dnsd/base/address_table.h"
#include "dnsd/base/status.h"
#include "dnsd/zone/master_file.h"
#include "dnsd/zone/pool_store.h"
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
//
// Most owners of a large zone are sites: addresses alone, one record behind the other. Their nodes
// are complete when the next owner comes, and their records forgotten. All other records are kept
// until the end, when their owners are known to be complete.
class ZoneBuilder {
 public:
  ZoneBuilder(const wire::Name& apex, AddressTable& addresses, const SiteRules& rules);

  // Makes room for what a file of so many octets will hold. A guess: what is too much is given
  // back.
  void Reserve(std::size_t file_size);

  // Adds a record of class IN; `rdata` is uncompressed wire form. A name outside the apex is noted
  // as a fault, and so is rdata that is not of its type.
  void Add(const wire::Name& owner, wire::RrType type, std::uint32_t ttl,
           std::span<const std::uint8_t> rdata, RecordSource source);

  // The zone, or null when a fatal fault was found; faults() tells. Call it once.
  std::shared_ptr<const Zone> Build();

  const std::vector<ZoneFault>& faults() const { return faults_; }

 private:
  struct Record {
    std::uint32_t node;  // its owner's, once that is known
    wire::RrType type;
    std::uint16_t rdata_size;
    std::uint32_t rdata;  // where in rdata_
    std::uint32_t ttl;
    RecordSource source;
  };
  using Records = std::span<Record>;

  std::span<const std::uint8_t> rdata(const Record& record) const {
    return std::span(rdata_).subspan(record.rdata, record.rdata_size);
  }
  Node& node(std::uint32_t number) { return *reinterpret_cast<Node*>(zone_->nodes_.at(number)); }
  std::span<Rrset> rrsets(std::uint32_t number) {
    return {reinterpret_cast<Rrset*>(&node(number) + 1), node(number).rrset_count};
  }
  void Fault(RecordSource source, std::string message, bool fatal = true);
  bool IsTooLarge(RecordSource source);

  // An owner, when the next one comes.
  void FinishOwner();
  static void SortByType(Records records);
  static std::size_t CountTypes(Records sorted);
  std::uint32_t AddOwner(const wire::Name& owner, const NameHashes& hashes, std::size_t rrsets);
  std::uint32_t AddNode(std::uint64_t hash, std::span<const std::uint8_t> relative_name,
                        std::size_t rrsets);
  std::uint32_t PlaceNode(std::span<const std::uint8_t> relative_name, std::size_t rrsets);
  void Fill(std::uint32_t number, const wire::Name& owner, Records records);

  // The owners whose records were kept.
  void BuildKept();
  void AddBuilt(std::uint32_t number, std::vector<Record>& records);
  std::uint32_t WithRoom(std::uint32_t number, const wire::Name& owner, std::size_t wanted);
  void CheckNode(std::uint32_t number, const wire::Name& owner, Records records);

  Rrset BuildRrset(const wire::Name& owner, Records given);
  Records WithoutRepeats(Records records) const;
  void StoreAddresses(const wire::Name& owner, Records records, Rrset& rrset);
  DataRef StoreRdata(Records records);
  DataRef StoreOctets();

  // The zone as a whole.
  void MarkOccluded();
  void Demote(std::uint32_t number);
  void CountSites();
  void ReadSoa();
  void CheckNameServers();
  void Compact();
  void Reindex(std::size_t names, std::size_t most);
  std::uint64_t HashOf(const Node& node) const;

  const SiteRules& rules_;
  std::shared_ptr<Zone> zone_;
  PoolStore pools_;
  std::uint64_t apex_hash_;
  bool too_large_ = false;
  bool hides_ = false;        // there is a cut or a DNAME
  std::size_t replaced_ = 0;  // words of nodes_ that dead nodes take
  wire::Name owner_;          // whose records end records_ and rdata_, from these on:
  std::size_t owner_records_ = 0;
  std::size_t owner_rdata_ = 0;
  std::vector<Record> records_;  // those kept, then those of the owner under way
  std::vector<std::uint8_t> rdata_;
  std::vector<std::uint8_t> octets_;  // of the RRset under way
  std::vector<ZoneFault> faults_;
  std::size_t told_faults_ = 0;  // of faults_ the fatal ones
  std::size_t told_warnings_ = 0;
};

}  // namespace dnsd::zone
