#include "dnsd/zone/master_file.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <filesystem>
#include <utility>

#include "dnsd/zone/ldns_ptr.h"
#include "dnsd/zone/record_text.h"
#include "dnsd/zone/text.h"

namespace dnsd::zone {
namespace {

using wire::Name;
using wire::RrType;

constexpr std::size_t kMostFaults = 20;  // told before the reader gives up
constexpr unsigned kMostIncludes = 8;    // deep

// Decimal digits only, below 2^31 (RFC 2181 §8).
bool ReadTtl(std::string_view text, std::uint32_t& out) {
  if (text.empty() || text.size() > 10) return false;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return false;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value > 0x7FFFFFFFU) return false;
  out = static_cast<std::uint32_t>(value);
  return true;
}

constexpr std::uint64_t kMostTtl = 0x7FFFFFFF;  // RFC 2181 §8

// Seconds, or a sum of parts with units as 1h30m; nothing for anything else.
std::optional<std::uint64_t> ReadPeriod(std::string_view text) {
  std::uint64_t sum = 0;
  std::uint64_t number = 0;
  bool digits = false;
  for (const char c : text) {
    if (c >= '0' && c <= '9') {
      number =
          std::min<std::uint64_t>(number * 10 + static_cast<std::uint64_t>(c - '0'), kMostTtl + 1);
      digits = true;
      continue;
    }
    constexpr std::string_view kUnits = "smhdw";
    constexpr std::uint64_t kSeconds[] = {1, 60, 3600, 86400, 604800};
    const std::size_t unit =
        kUnits.find(static_cast<char>(wire::LowerOctet(static_cast<std::uint8_t>(c))));
    if (!digits || unit == std::string_view::npos) return std::nullopt;
    sum += number * kSeconds[unit];
    number = 0;
    digits = false;
  }
  if (text.empty()) return std::nullopt;
  return sum + number;
}

// A dotted quad with nothing odd about it.
bool ReadIpv4(std::string_view text, std::uint8_t* out) {
  std::size_t at = 0;
  for (int i = 0; i < 4; ++i) {
    unsigned value = 0;
    const std::size_t start = at;
    while (at < text.size() && text[at] >= '0' && text[at] <= '9' && at - start < 3) {
      value = value * 10 + static_cast<unsigned>(text[at++] - '0');
    }
    if (at == start || value > 255 || (at - start > 1 && text[start] == '0')) return false;
    if (i < 3 && (at == text.size() || text[at++] != '.')) return false;
    out[i] = static_cast<std::uint8_t>(value);
  }
  return at == text.size();
}

bool ReadIpv6(std::string_view text, std::uint8_t* out) {
  char copy[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof copy) return false;
  text.copy(copy, text.size());
  copy[text.size()] = '\0';
  return inet_pton(AF_INET6, copy, out) == 1;
}

LdnsPtr<ldns_rdf> ToLdns(const Name& name) {
  return LdnsPtr<ldns_rdf>(
      ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, name.wire().size(), name.wire().data()));
}

// `relative`: wire form without the root.
std::optional<Name> Join(std::span<const std::uint8_t> relative, const Name& origin) {
  std::array<std::uint8_t, 2 * Name::kMaxSize> joined;
  std::memcpy(joined.data(), relative.data(), relative.size());
  std::memcpy(joined.data() + relative.size(), origin.wire().data(), origin.wire().size());
  return Name::FromWire(std::span(joined).first(relative.size() + origin.wire().size()));
}

// The name written as `text`, below `origin` if it has no final dot.
std::optional<Name> ReadEscapedName(std::string_view text, const Name& origin) {
  const auto name = Name::Parse(text);
  if (!name || text.back() == '.') return name;
  return Join(name->wire().first(name->wire().size() - 1), origin);
}

// Likewise, of a text without escapes, which nearly all names are.
std::optional<Name> ReadPlainName(std::string_view text, const Name& origin) {
  if (text.size() >= Name::kMaxSize || text == ".") return ReadEscapedName(text, origin);
  std::array<std::uint8_t, Name::kMaxSize + 1> labels;
  std::size_t length_at = 0;  // where the length octet of the label under way stands
  for (std::size_t i = 0; i <= text.size(); ++i) {
    if (i < text.size() && text[i] != '.') {
      labels[i + 1] = static_cast<std::uint8_t>(text[i]);
      continue;
    }
    const std::size_t length = i - length_at;
    if (i == text.size() && length == 0) {  // behind the final dot: absolute
      labels[i] = 0;
      return Name::FromWire(std::span(labels).first(i + 1));
    }
    if (length == 0 || length > 63) return std::nullopt;
    labels[length_at] = static_cast<std::uint8_t>(length);
    length_at = i + 1;
  }
  return Join(std::span(labels).first(text.size() + 1), origin);
}

std::string Shortened(std::string text) {
  if (text.size() > 80) text = text.substr(0, 77) + "...";
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ') c = ' ';
  }
  return text;
}

std::vector<std::string> Words(const std::string& entry) {
  std::vector<std::string> words;
  for (std::size_t at = 0; at < entry.size();) {
    const std::size_t start = std::min(entry.find_first_not_of(" \t\r", at), entry.size());
    at = std::min(entry.find_first_of(" \t\r", start), entry.size());
    if (at > start) words.push_back(entry.substr(start, at - start));
  }
  return words;
}

}  // namespace

// A file's text and a cursor over its entries. A window of the file is held at a time, in a copy: a
// file that is written to or cut short while it is read must not change under us.
class MasterFile::Text {
 public:
  ~Text() {
    if (fd_ >= 0) close(fd_);
  }

  // errno tells why it could not.
  bool Open(const std::string& path) {
    // Not blocking: a pipe that nobody writes to must be refused, not waited for.
    fd_ = open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd_ < 0) return false;
    struct stat status {};
    if (fstat(fd_, &status) != 0) return false;
    if (!S_ISREG(status.st_mode)) {
      errno = S_ISDIR(status.st_mode) ? EISDIR : EINVAL;
      return false;
    }
    // One octet more than there is: so the first read also tells the end.
    window_.resize(std::min(static_cast<std::size_t>(status.st_size) + 1, kWindow));
    Fill();
    return error_ == 0 || Fail();
  }
  // Why the text ended early, for errno; 0 if it did not.
  int error() const { return error_; }

  bool AtEnd() { return at_ == end_ && !Fill(); }
  std::uint32_t line() const { return line_; }

  // The line at the cursor, without its newline. Valid until the next call of anything else.
  std::string_view Line() {
    std::size_t size = 0;
    while (true) {
      const void* newline = std::memchr(window_.data() + at_ + size, '\n', end_ - at_ - size);
      if (newline != nullptr) {
        size = static_cast<std::size_t>(static_cast<const char*>(newline) - window_.data()) - at_;
        break;
      }
      size = end_ - at_;
      if (!Fill()) break;
    }
    return {window_.data() + at_, size};
  }
  // `size`: of the line at the cursor.
  void SkipLine(std::size_t size) {
    at_ = std::min(at_ + size + 1, end_);
    ++line_;
  }

  // Takes the entry at the cursor: its comments removed, its parentheses and the line ends within
  // them made blanks. False at a quote or parenthesis that nothing closes before the file ends.
  bool TakeEntry(std::string& out) {
    out.clear();
    unsigned depth = 0;
    bool quoted = false;
    for (; Has(0); ++at_) {
      const char c = window_[at_];
      if (c == '\n') {
        ++line_;
        if (depth == 0 && !quoted) {
          ++at_;
          return true;
        }
        out += quoted ? c : ' ';
      } else if (c == '\\' && Has(1) && window_[at_ + 1] != '\n') {
        ++at_;
        if (window_[at_] == '\0') {
          out += "\\000";  // ldns's texts end at an octet of zero
        } else {
          out += c;
          out += window_[at_];
        }
      } else if (c == '"') {
        quoted = !quoted;
        out += c;
      } else if (!quoted && c == ';') {
        at_ += Line().size();
        --at_;
      } else if (!quoted && (c == '(' || c == ')')) {
        if (c == ')' && depth == 0) return SkipToLineEnd();
        depth += c == '(' ? 1U : static_cast<unsigned>(-1);
        out += ' ';
      } else {
        out += c == '\0' ? ' ' : c;
      }
    }
    return depth == 0 && !quoted;
  }

 private:
  static constexpr std::size_t kWindow = std::size_t{64} << 10;  // octets, unless a line is longer

  bool Fail() {
    errno = error_;
    return false;
  }
  // Whether there is an octet `ahead` of the cursor.
  bool Has(std::size_t ahead) {
    while (at_ + ahead >= end_) {
      if (!Fill()) return false;
    }
    return true;
  }
  // Reads on behind the window's end; what is left of it moves to the front. False at the end of
  // the file, or at an error.
  bool Fill() {
    if (error_ != 0) return false;
    if (at_ > 0) {
      std::memmove(window_.data(), window_.data() + at_, end_ - at_);
      end_ -= std::exchange(at_, 0);
    }
    if (end_ == window_.size()) window_.resize(2 * window_.size());
    ssize_t n = 0;
    do {
      n = read(fd_, window_.data() + end_, window_.size() - end_);
    } while (n < 0 && errno == EINTR);
    if (n < 0) error_ = errno;
    if (n <= 0) return false;
    end_ += static_cast<std::size_t>(n);
    return true;
  }
  bool SkipToLineEnd() {
    SkipLine(Line().size());
    return false;
  }

  int fd_ = -1;
  int error_ = 0;
  std::vector<char> window_;
  std::size_t at_ = 0;   // the cursor
  std::size_t end_ = 0;  // of what was read
  std::uint32_t line_ = 1;
};

MasterFile::MasterFile(const Name& origin, TakeRecord take_record, TakeFault take_fault,
                       Reading reading)
    : take_record_(std::move(take_record)),
      take_fault_(std::move(take_fault)),
      reading_(reading),
      origin_(origin) {}

bool MasterFile::Read(const std::string& path) { return ReadWithin(path, origin_, 0); }

bool MasterFile::ReadWithin(const std::string& path, const Name& origin, unsigned depth) {
  Text text;
  if (!text.Open(path)) return false;
  const auto number = static_cast<std::uint32_t>(files_.size());
  files_.push_back(path);
  const Name outer = std::exchange(origin_, origin);
  owner_text_.clear();
  std::string entry;
  while (!text.AtEnd() && faults_ < kMostFaults) {
    const RecordSource source{number, text.line()};
    const std::string_view line = text.Line();
    if (reading_ == Reading::kFast && ReadFast(line, source)) {
      text.SkipLine(line.size());
    } else if (text.TakeEntry(entry)) {
      ReadEntry(entry, source, depth);
    } else {
      Fault(source, "found '" + Shortened(entry) + "'; wanted every quote and parenthesis closed");
    }
  }
  if (faults_ == kMostFaults) {
    ++faults_;
    take_fault_({number, text.line()}, "too many faults; the rest is not read");
  }
  origin_ = outer;
  owner_text_.clear();
  errno = text.error();
  return text.error() == 0;
}

void MasterFile::Fault(RecordSource source, std::string message) {
  ++faults_;
  take_fault_(source, std::move(message));
}

// Reads a line that is blank, a comment, or an address record in its plainest form. False, with
// nothing done, for all others.
bool MasterFile::ReadFast(std::string_view line, RecordSource source) {
  std::size_t at = 0;
  while (at < line.size() && IsLineBlank(line[at])) ++at;
  if (at == line.size() || line[at] == ';') return true;
  return ReadFastRecord(line, at, source);
}

bool MasterFile::ReadFastRecord(std::string_view line, std::size_t at, RecordSource source) {
  // Of [OWNER] [TTL] [IN] TYPE ADDRESS the words, at most five.
  std::array<std::string_view, 5> words;
  std::size_t count = 0;
  const bool owner_stated = at == 0;
  while (at < line.size() && line[at] != ';') {
    const std::size_t start = at;
    for (; at < line.size() && !IsLineBlank(line[at]) && line[at] != ';'; ++at) {
      const char c = line[at];
      if (c == '"' || c == '(' || c == ')' || c == '\\' || c == '$' || c == '\0') return false;
    }
    if (count == words.size()) return false;
    words[count++] = line.substr(start, at - start);
    while (at < line.size() && IsLineBlank(line[at])) ++at;
  }
  std::size_t word = owner_stated ? 1 : 0;
  if (!owner_stated && !has_owner_) return false;
  std::uint32_t ttl = ttl_;
  bool ttl_stated = false;
  bool class_stated = false;
  for (; word < count; ++word) {
    if (!ttl_stated && ReadTtl(words[word], ttl)) {
      ttl_stated = true;
    } else if (!class_stated && EqualsNoCase(words[word], "IN")) {
      class_stated = true;
    } else {
      break;
    }
  }
  if (count - word != 2) return false;
  std::array<std::uint8_t, 16> address;
  const bool v4 = EqualsNoCase(words[word], "A");
  if (!v4 && !EqualsNoCase(words[word], "AAAA")) return false;
  if (!(v4 ? ReadIpv4(words[word + 1], address.data())
           : ReadIpv6(words[word + 1], address.data()))) {
    return false;
  }
  const bool same = !owner_stated || (!owner_text_.empty() && words[0] == owner_text_);
  if (!same && !SetOwner(words[0])) return false;
  if (!ttl_directive_) ttl_ = ttl;
  take_record_({owner_, v4 ? RrType::kA : RrType::kAaaa, ttl, std::span(address).first(v4 ? 4 : 16),
                source});
  return true;
}

// Makes the name written as `text` the owner.
bool MasterFile::SetOwner(std::string_view text) {
  const bool escaped = text.find('\\') != std::string_view::npos;
  const std::optional<Name> name = text == "@" ? origin_
                                   : escaped   ? ReadEscapedName(text, origin_)
                                               : ReadPlainName(text, origin_);
  if (!name) return false;
  owner_ = *name;
  owner_text_ = text;
  has_owner_ = true;
  return true;
}

void MasterFile::ReadEntry(const std::string& entry, RecordSource source, unsigned depth) {
  const std::size_t first = entry.find_first_not_of(" \t\r");
  if (first == std::string::npos) return;
  if (entry[first] == '$') return ReadDirective(entry, source, depth);
  ReadRecord(entry, source);
}

void MasterFile::ReadRecord(const std::string& entry, RecordSource source) {
  const auto refuse = [&](const std::string& why) {
    Fault(source, "found '" + Shortened(entry) + "': " + why +
                      "; wanted OWNER [TTL] [IN] TYPE RDATA or a $ directive");
  };
  const RecordText text(entry);
  if (ReadPeriod(text.ttl()).value_or(0) > kMostTtl) {
    return refuse("its TTL is above 2147483647");
  }
  const LdnsPtr<ldns_rdf> origin = ToLdns(origin_);
  ldns_rdf* previous = ToLdns(has_owner_ ? owner_ : origin_).release();
  ldns_rr* read = nullptr;
  const ldns_status status =
      ldns_rr_new_frm_str(&read, text.text().c_str(), ttl_, origin.get(), &previous);
  const LdnsPtr<ldns_rr> record(read);
  const LdnsPtr<ldns_rdf> free_previous(previous);
  if (status != LDNS_STATUS_OK) return refuse(ldns_get_errorstr_by_id(status));
  if (ldns_rr_get_class(read) != LDNS_RR_CLASS_IN) return refuse("wrong class");
  if (text.misnumbered() || !IsDataType(ldns_rr_get_type(read))) {
    return refuse("no zone holds data of that type");
  }
  const ldns_rdf* name = ldns_rr_owner(read);
  const auto owner = Name::FromWire({ldns_rdf_data(name), ldns_rdf_size(name)});
  const auto rdata = text.Rdata(*read);
  if (!owner || !rdata) return refuse("it does not fit a record");
  // An entry without a TTL has that of $TTL, or else of the entry before (RFC 1035 §5.1).
  if (!ttl_directive_) ttl_ = ldns_rr_ttl(read);
  owner_ = *owner;
  owner_text_.clear();
  has_owner_ = true;
  take_record_(
      {owner_, static_cast<RrType>(ldns_rr_get_type(read)), ldns_rr_ttl(read), *rdata, source});
}

void MasterFile::ReadDirective(const std::string& entry, RecordSource source, unsigned depth) {
  const std::vector<std::string> words = Words(entry);
  const auto refuse = [&](const char* wanted) {
    Fault(source, "found '" + Shortened(entry) + "'; wanted " + wanted);
  };
  if (EqualsNoCase(words[0], "$INCLUDE")) return Include(words, source, depth);
  if (EqualsNoCase(words[0], "$ORIGIN")) {
    const Name before = owner_;
    const bool had_owner = has_owner_;
    if (words.size() != 2 || !SetOwner(words[1])) return refuse("$ORIGIN NAME");
    origin_ = owner_;
    owner_ = before;
    has_owner_ = had_owner;
    owner_text_.clear();
  } else if (EqualsNoCase(words[0], "$TTL")) {
    const auto ttl = words.size() == 2 ? ReadPeriod(words[1]) : std::nullopt;
    if (!ttl || *ttl > kMostTtl) {
      return refuse("$TTL SECONDS, or with units as 1h30m, at most 2147483647");
    }
    ttl_ = static_cast<std::uint32_t>(*ttl);
    ttl_directive_ = true;
  } else {
    refuse("$ORIGIN, $TTL or $INCLUDE");
  }
}

// $INCLUDE FILE [ORIGIN]: a relative file is relative to the including one's folder; the origin
// and the owner are the includer's again behind it (RFC 1035 §5.1).
void MasterFile::Include(const std::vector<std::string>& words, RecordSource source,
                         unsigned depth) {
  const Name outer_owner = owner_;
  const bool had_owner = has_owner_;
  if (words.size() < 2 || words.size() > 3 || depth == kMostIncludes) {
    std::string found;
    for (const std::string& word : words) found += (found.empty() ? "" : " ") + word;
    return Fault(source,
                 "found '" + Shortened(found) + "'; wanted $INCLUDE FILE [ORIGIN], at most 8 deep");
  }
  Name origin = origin_;
  if (words.size() == 3) {
    if (!SetOwner(words[2])) {
      return Fault(source, "found $INCLUDE with origin '" + words[2] + "'; wanted a domain name");
    }
    origin = owner_;
  }
  std::filesystem::path path(words[1]);
  if (path.is_relative()) {
    path = std::filesystem::path(files_[source.file]).parent_path() / path;
  }
  if (!ReadWithin(path.string(), origin, depth + 1)) {
    Fault(source, "$INCLUDE " + path.string() + ": " + std::strerror(errno));
  }
  owner_ = outer_owner;
  has_owner_ = had_owner;
  owner_text_.clear();
}

}  // namespace dnsd::zone
