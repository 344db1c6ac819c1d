// Master files (RFC 1035 §5): text to records.
//
//   text ──> entries ──┬── OWNER [TTL] [IN] A|AAAA ADDRESS on one line: read here, millions a
//   second
//                      ├── $ORIGIN, $TTL, $INCLUDE: kept here
//                      └── everything else: handed to ldns, entry by entry
//
// A test holds the two readers to the same octets.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "dnsd/wire/name.h"
#include "dnsd/wire/types.h"

namespace dnsd::zone {

// Where a record was read.
struct RecordSource {
  std::uint32_t file = 0;  // index into MasterFile::files()
  std::uint32_t line = 0;  // its first; 0: not from a file
};

struct MasterRecord {
  const wire::Name& owner;
  wire::RrType type;
  std::uint32_t ttl;                    // seconds
  std::span<const std::uint8_t> rdata;  // uncompressed wire form
  RecordSource source;
};

// Reads one file and those it includes. Used once, by one thread.
class MasterFile {
 public:
  using TakeRecord = std::function<void(const MasterRecord&)>;
  using TakeFault = std::function<void(RecordSource, std::string)>;

  // Set to have every entry read by ldns: for comparing.
  enum class Reading : std::uint8_t { kFast, kLdnsOnly };

  MasterFile(const wire::Name& origin, TakeRecord take_record, TakeFault take_fault,
             Reading reading = Reading::kFast);

  // Hands every record and every fault on, in their order. False if `path` cannot be read; errno
  // tells why.
  bool Read(const std::string& path);

  // The paths read, by RecordSource::file.
  const std::vector<std::string>& files() const { return files_; }

 private:
  class Text;

  bool ReadWithin(const std::string& path, const wire::Name& origin, unsigned depth);
  bool ReadFast(std::string_view line, RecordSource source);
  bool ReadFastRecord(std::string_view line, std::size_t at, RecordSource source);
  bool SetOwner(std::string_view text);
  void ReadEntry(const std::string& entry, RecordSource source, unsigned depth);
  void ReadRecord(const std::string& entry, RecordSource source);
  void ReadDirective(const std::string& entry, RecordSource source, unsigned depth);
  void Include(const std::vector<std::string>& words, RecordSource source, unsigned depth);
  void Fault(RecordSource source, std::string message);

  TakeRecord take_record_;
  TakeFault take_fault_;
  Reading reading_;
  std::vector<std::string> files_;
  std::size_t faults_ = 0;
  wire::Name origin_;
  wire::Name owner_;        // of the record before
  std::string owner_text_;  // as written, where the fast reader read it; else empty
  bool has_owner_ = false;
  std::uint32_t ttl_ = 3600;    // of a record that states none
  bool ttl_directive_ = false;  // $TTL was given; else ttl_ is that of the record before
};

}  // namespace dnsd::zone
