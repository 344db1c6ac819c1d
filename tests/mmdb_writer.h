// Writes small databases in MaxMind's format (MMDB 2.0, record size 24) for tests.
//
//   search tree: 6 octets a node | 16 zeros | data | "\xAB\xCD\xEF" "MaxMind.com" and a map
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "dnsd/base/ip.h"

namespace dnsd::mmdb {

inline std::string Header(unsigned type, std::size_t size) {
  const auto low = static_cast<unsigned>(size);
  if (type <= 7) return {static_cast<char>(type << 5 | low)};
  return {static_cast<char>(low), static_cast<char>(type - 7)};
}
// Each of at most 28 octets or elements.
inline std::string Text(const std::string& text) { return Header(2, text.size()) + text; }
inline std::string Number(unsigned type, unsigned octets, std::uint64_t value) {
  std::string all = Header(type, octets);
  for (unsigned i = octets; i-- > 0;) all += static_cast<char>(value >> (8 * i));
  return all;
}
inline std::string Uint16(std::uint64_t value) { return Number(5, 2, value); }
inline std::string Uint32(std::uint64_t value) { return Number(6, 4, value); }
inline std::string Uint64(std::uint64_t value) { return Number(9, 8, value); }
inline std::string Double(double value) {
  return Number(3, 8, std::bit_cast<std::uint64_t>(value));
}
inline std::string Map(const std::vector<std::pair<std::string, std::string>>& entries) {
  std::string all = Header(7, entries.size());
  for (const auto& [key, value] : entries) all += Text(key) + value;
  return all;
}
inline std::string Array(const std::vector<std::string>& elements) {
  std::string all = Header(11, elements.size());
  for (const std::string& element : elements) all += element;
  return all;
}

// As GeoLite2-City has it.
inline std::string City(const std::string& continent, const std::string& country, double latitude,
                        double longitude, const std::string& subdivision = "XX") {
  return Map(
      {{"continent", Map({{"code", Text(continent)}})},
       {"country", Map({{"iso_code", Text(country)}})},
       {"subdivisions", Array({Map({{"iso_code", Text(subdivision)}})})},
       {"location", Map({{"latitude", Double(latitude)}, {"longitude", Double(longitude)}})}});
}

class Writer {
 public:
  // `version` 4 or 6; in a tree of 6 IPv4 stands at ::/96, and again at 2002::/16 as MaxMind has
  // it.
  explicit Writer(unsigned version) : version_(version) {}

  // No prefix may lie in another.
  void Add(const std::string& prefix_text, const std::string& value) {
    const IpPrefix prefix = *IpPrefix::Parse(prefix_text);
    const bool mapped = version_ == 6 && prefix.address.family() == IpFamily::kV4;
    std::vector<bool> bits(mapped ? 96 : 0);
    for (unsigned i = 0; i < prefix.length; ++i) {
      bits.push_back((unsigned{prefix.address.octets()[i / 8]} >> (7 - i % 8) & 1U) != 0);
    }
    const auto [at, is_new] = offsets_.emplace(value, data_.size());
    if (is_new) data_ += value;
    Set(bits, kData + static_cast<std::int64_t>(at->second));
  }
  // Makes the tree lead to the node where IPv4 begins from 2002::/16 too.
  void AliasIpv4() {
    std::int64_t node = 0;
    for (int i = 0; i < 96; ++i) node = nodes_[static_cast<std::size_t>(node)][0];
    std::vector<bool> bits;
    for (unsigned i = 0; i < 16; ++i) bits.push_back((0x2002U >> (15 - i) & 1U) != 0);
    Set(bits, node);
  }
  // Makes the right half of the root lead back to the root.
  void LeadBack() { nodes_[0][1] = 0; }

  std::string Finish() const {
    const auto count = static_cast<std::int64_t>(nodes_.size());
    std::string file;
    for (const auto& node : nodes_) {
      for (const std::int64_t record : node) {
        const std::int64_t value = record == kEmpty  ? count
                                   : record >= kData ? record - kData + count + 16
                                                     : record;
        for (int shift = 16; shift >= 0; shift -= 8) file += static_cast<char>(value >> shift);
      }
    }
    return file + std::string(16, '\0') + data_ + "\xAB\xCD\xEFMaxMind.com" +
           Map({{"node_count", Uint32(nodes_.size())},
                {"record_size", Uint16(24)},
                {"ip_version", Uint16(version_)},
                {"database_type", Text("Test-City")},
                {"languages", Array({Text("en")})},
                {"binary_format_major_version", Uint16(2)},
                {"binary_format_minor_version", Uint16(0)},
                {"build_epoch", Uint64(1'700'000'000)},
                {"description", Map({{"en", Text("test")}})}});
  }

 private:
  static constexpr std::int64_t kEmpty = -1;
  static constexpr std::int64_t kData = std::int64_t{1} << 32;  // and the place of the data

  void Set(const std::vector<bool>& bits, std::int64_t record) {
    std::size_t node = 0;
    for (std::size_t i = 0; i + 1 < bits.size(); ++i) {
      if (nodes_[node][bits[i]] == kEmpty) {
        nodes_[node][bits[i]] = static_cast<std::int64_t>(nodes_.size());
        nodes_.push_back({kEmpty, kEmpty});
      }
      node = static_cast<std::size_t>(nodes_[node][bits[i]]);
    }
    nodes_[node][bits.back()] = record;
  }

  unsigned version_;
  std::vector<std::array<std::int64_t, 2>> nodes_ = {{kEmpty, kEmpty}};
  std::string data_;
  std::map<std::string, std::size_t> offsets_;
};

}  // namespace dnsd::mmdb
