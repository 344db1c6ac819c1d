#include "tools/dnsload/query_list.h"

#include <charconv>
#include <fstream>
#include <optional>
#include <sstream>
#include <utility>

#include "dnsd/wire/name.h"
#include "dnsd/wire/types.h"

namespace dnsload {
namespace {

constexpr std::size_t kMaxPatternNames = 10'000'000;

std::optional<std::uint16_t> ParseType(const std::string& text) {
  using dnsd::wire::RrType;
  static constexpr std::pair<const char*, RrType> kTypes[] = {
      {"A", RrType::kA},         {"NS", RrType::kNs},         {"CNAME", RrType::kCname},
      {"SOA", RrType::kSoa},     {"PTR", RrType::kPtr},       {"HINFO", RrType::kHinfo},
      {"MX", RrType::kMx},       {"TXT", RrType::kTxt},       {"AAAA", RrType::kAaaa},
      {"SRV", RrType::kSrv},     {"NAPTR", RrType::kNaptr},   {"DNAME", RrType::kDname},
      {"DS", RrType::kDs},       {"DNSKEY", RrType::kDnskey}, {"SVCB", RrType::kSvcb},
      {"HTTPS", RrType::kHttps}, {"ANY", RrType::kAny}};
  for (const auto& [name, type] : kTypes) {
    if (text == name) return static_cast<std::uint16_t>(type);
  }
  if (!text.starts_with("TYPE")) return std::nullopt;
  std::uint16_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data() + 4, end, number);
  if (error != std::errc() || stop != end) return std::nullopt;
  return number;
}

void Put16(std::vector<std::uint8_t>& out, std::size_t value) {
  out.push_back(static_cast<std::uint8_t>(value >> 8));
  out.push_back(static_cast<std::uint8_t>(value));
}

}  // namespace

absl::Status QueryList::Add(const std::string& name, const std::string& type) {
  const auto parsed = dnsd::wire::Name::Parse(name);
  if (!parsed) return absl::InvalidArgumentError("\"" + name + "\" is not a domain name");
  const std::string& wanted = type.empty() ? options_.type : type;
  const auto number = ParseType(wanted);
  if (!number) {
    return absl::InvalidArgumentError("\"" + wanted +
                                      "\" is not a type; wanted A, AAAA, … or TYPE123");
  }
  const bool edns = options_.edns || options_.subnets > 0;
  const unsigned opt_count = edns ? 1 : 0;
  for (const unsigned field : {0U, 0U, 1U, 0U, 0U, opt_count}) {
    Put16(octets_, field);  // id, flags, four counts
  }
  octets_.insert(octets_.end(), parsed->wire().begin(), parsed->wire().end());
  Put16(octets_, *number);
  Put16(octets_, 1);  // IN
  const std::size_t end = octets_.size();
  if (edns) AddOpt();
  opt_size_ = octets_.size() - end;
  starts_.push_back(octets_.size());
  return absl::OkStatus();
}

void QueryList::AddOpt() {
  octets_.push_back(0);  // the root owns it (RFC 6891 §6.1.2)
  Put16(octets_, static_cast<std::size_t>(dnsd::wire::RrType::kOpt));
  Put16(octets_, options_.edns_size);
  for (int i = 0; i < 2; ++i) Put16(octets_, 0);  // extended RCODE and flags
  if (options_.subnets == 0) return Put16(octets_, 0);
  // RFC 7871 §6: code 8, seven octets, IPv4, 24 bits of source, none of scope. An odd multiple
  // scatters the numbers over all networks without meeting one twice.
  for (const unsigned field : {11U, 8U, 7U, 1U, 24U << 8}) Put16(octets_, field);
  const auto network = static_cast<std::uint32_t>(size()) * 0x9E3779B1U;
  for (const unsigned shift : {24U, 16U, 8U}) {
    octets_.push_back(static_cast<std::uint8_t>(network >> shift));
  }
}

absl::Status QueryList::AddFile(const std::string& path) {
  std::ifstream in(path);
  if (!in) return absl::NotFoundError(path + ": cannot be read");
  std::size_t number = 0;
  for (std::string line; std::getline(in, line);) {
    ++number;
    std::istringstream fields(line);
    std::string name;
    std::string type;
    fields >> name >> type;
    if (name.empty() || name[0] == '#' || name[0] == ';') continue;
    const absl::Status status = Add(name, type);
    if (!status.ok()) {
      return absl::InvalidArgumentError(path + ":" + std::to_string(number) + ": " +
                                        std::string(status.message()));
    }
  }
  if (size() == 0) return absl::InvalidArgumentError(path + ": no names; wanted one a line");
  return absl::OkStatus();
}

absl::Status QueryList::AddPattern(const std::string& pattern) {
  const std::size_t open = pattern.find('{');
  if (open == std::string::npos) return Add(pattern);
  std::size_t first = 0;
  std::size_t last = 0;
  const char* const text = pattern.data();
  const char* const end = text + pattern.size();
  const auto low = std::from_chars(text + open + 1, end, first);
  if (low.ec != std::errc() || low.ptr == end || *low.ptr != '-') {
    return absl::InvalidArgumentError("\"" + pattern + "\": wanted a range as {0-999}");
  }
  const auto high = std::from_chars(low.ptr + 1, end, last);
  if (high.ec != std::errc() || high.ptr == end || *high.ptr != '}' || last < first ||
      last - first >= kMaxPatternNames) {
    return absl::InvalidArgumentError("\"" + pattern + "\": wanted a range as {0-999}");
  }
  const std::string rest(high.ptr + 1, end);
  for (std::size_t i = first; i <= last; ++i) {
    const absl::Status status = Add(pattern.substr(0, open) + std::to_string(i) + rest);
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

}  // namespace dnsload
