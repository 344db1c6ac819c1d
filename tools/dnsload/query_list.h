// The queries that a run sends, ready as octets.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "dnsd/base/status.h"

namespace dnsload {

struct QueryOptions {
  std::string type = "A";          // a mnemonic of the common types, or TYPE123
  bool edns = false;               // with an OPT record
  std::uint16_t edns_size = 1232;  // octets, as the OPT record offers them
  // So many queries at least, and of different client subnets, a /24 each (RFC 7871). 0: none has
  // one. Else with an OPT record.
  std::size_t subnets = 0;
};

// Whole query messages with id 0, back to back in one block: a million take one allocation.
class QueryList {
 public:
  explicit QueryList(const QueryOptions& options) : options_(options) {}

  // One name in presentation format, with the type of the options or its own.
  //   InvalidArgument   no name, or no type
  absl::Status Add(const std::string& name, const std::string& type = "");
  // Each line "NAME [TYPE]"; empty lines and those that begin with `#` or `;` are skipped.
  //   NotFound          the file cannot be read
  //   InvalidArgument   "path:line: what"
  absl::Status AddFile(const std::string& path);
  // A name with one range, as www{0-999}.example; without a range as Add.
  absl::Status AddPattern(const std::string& pattern);

  std::size_t size() const { return starts_.size() - 1; }
  std::span<const std::uint8_t> query(std::size_t i) const {
    return {octets_.data() + starts_[i], starts_[i + 1] - starts_[i]};
  }
  // Its question section: all between the header and the OPT record.
  std::span<const std::uint8_t> question(std::size_t i) const {
    constexpr std::size_t kHeader = 12;
    return query(i).subspan(kHeader, query(i).size() - kHeader - opt_size_);
  }

 private:
  void AddOpt();

  QueryOptions options_;
  std::size_t opt_size_ = 0;  // octets, the same in all
  std::vector<std::uint8_t> octets_;
  std::vector<std::size_t> starts_{0};  // and the end of the last
};

}  // namespace dnsload
