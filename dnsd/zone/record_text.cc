#include "dnsd/zone/record_text.h"

#include <algorithm>
#include <utility>

#include "dnsd/wire/name.h"
#include "dnsd/zone/text.h"

namespace dnsd::zone {
namespace {

// Also a line's end, which a quote may hold.
bool IsBlank(char c) { return IsLineBlank(c) || c == '\n'; }

// Of a hexadecimal digit; nothing for any other character.
std::optional<std::uint8_t> DigitValue(char c) {
  if (IsDigit(c)) return static_cast<std::uint8_t>(c - '0');
  const auto lower = static_cast<char>(wire::LowerOctet(static_cast<std::uint8_t>(c)));
  if (lower < 'a' || lower > 'f') return std::nullopt;
  return static_cast<std::uint8_t>(lower - 'a' + 10);
}

// Decimal digits only, up to 65,535.
std::optional<std::size_t> Read16(std::string_view text) {
  if (text.empty() || !std::all_of(text.begin(), text.end(), IsDigit)) return std::nullopt;
  std::size_t value = 0;
  for (const char c : text) {
    value = value * 10 + static_cast<std::size_t>(c - '0');
    if (value > 0xFFFF) return std::nullopt;
  }
  return value;
}

// How the label "@" that a name of several octets begins with is written; empty if it does not.
std::string_view AtLabel(std::string_view name) {
  for (const std::string_view at : {"\\064", "\\@", "@"}) {
    if (!name.starts_with(at) || name == "@") continue;  // which alone is the origin
    if (name.size() == at.size() || name[at.size()] == '.') return at;
  }
  return {};
}

// The field of ldns's record that the so manieth word of rdata is of, names at least.
std::size_t FieldOf(ldns_rr_type type, std::size_t word) {
  constexpr std::size_t kHipWords = 3;  // of the first field: algorithm, HIT, key (RFC 8005 §6)
  if (type != LDNS_RR_TYPE_HIP) return word;
  return word < kHipWords ? 0 : word - kHipWords + 1;
}

// Whether any octets are rdata of the type, as far as ldns knows. Of SINK it knows the first octet
// alone, and drops the others.
bool HasNoShape(ldns_rr_type type) {
  const ldns_rr_descriptor* shape = ldns_rr_descript(static_cast<std::uint16_t>(type));
  return type == LDNS_RR_TYPE_SINK ||
         ldns_rr_descriptor_field_type(shape, 0) == LDNS_RDF_TYPE_UNKNOWN;
}

// Whether the text has the form of a type number but is none.
bool IsMisnumberedType(std::string_view text) {
  constexpr std::string_view kPrefix = "type";
  return text.size() > kPrefix.size() && EqualsNoCase(text.substr(0, kPrefix.size()), kPrefix) &&
         !Read16(text.substr(kPrefix.size()));
}

}  // namespace

bool IsDataType(unsigned type) {
  constexpr unsigned kFirstOfQuestions = 128;
  constexpr unsigned kLastOfQuestions = 255;
  return type != 0 && type != LDNS_RR_TYPE_OPT && type <= 0xFFFF &&
         (type < kFirstOfQuestions || type > kLastOfQuestions);
}

RecordText::RecordText(std::string entry) : text_(std::move(entry)) {
  Split();
  PutTtlFirst();
  const std::size_t type_at = FindType();
  if (type_at >= words_.size()) return;
  misnumbered_ = IsMisnumberedType(word(type_at));
  if (misnumbered_) return;
  const ldns_rr_type type = ldns_get_rr_type_by_name(std::string(word(type_at)).c_str());
  const std::size_t rdata = type_at + 1;
  if (rdata < words_.size() && word(rdata) == "\\#") {
    ReadOpaque(rdata, type);
  } else {
    HideAtLabels(rdata, type);
  }
}

// A word ends at a blank outside quotes.
void RecordText::Split() {
  bool quoted = false;
  for (std::size_t at = 0; at < text_.size();) {
    if (IsBlank(text_[at])) {
      ++at;
      continue;
    }
    const std::size_t start = at;
    for (; at < text_.size() && (quoted || !IsBlank(text_[at])); ++at) {
      if (text_[at] == '"') quoted = !quoted;
      if (text_[at] == '\\' && at + 1 < text_.size()) ++at;
    }
    words_.push_back({start, at - start});
  }
}

std::size_t RecordText::BehindOwner() const {
  return text_.empty() || IsBlank(text_[0]) ? 0 : 1;
}

// ldns reads them in this order alone.
void RecordText::PutTtlFirst() {
  const std::size_t i = BehindOwner();
  if (i + 1 >= words_.size() || !EqualsNoCase(word(i), "IN") || !IsDigit(word(i + 1)[0])) return;
  Word& first = words_[i];
  Word& second = words_[i + 1];
  const std::size_t gap = second.at - first.at - first.size;
  std::rotate(text_.begin() + static_cast<std::ptrdiff_t>(first.at),
              text_.begin() + static_cast<std::ptrdiff_t>(second.at),
              text_.begin() + static_cast<std::ptrdiff_t>(second.at + second.size));
  // TTL and class stand side by side now, and what was between them behind both.
  std::rotate(text_.begin() + static_cast<std::ptrdiff_t>(first.at + second.size),
              text_.begin() + static_cast<std::ptrdiff_t>(first.at + second.size + first.size),
              text_.begin() + static_cast<std::ptrdiff_t>(second.at + second.size));
  std::swap(first.size, second.size);
  second.at = first.at + first.size + gap;
}

std::string_view RecordText::ttl() const {
  const std::size_t i = BehindOwner();
  return i < words_.size() && IsDigit(word(i)[0]) ? word(i) : std::string_view{};
}

std::size_t RecordText::FindType() const {
  std::size_t i = BehindOwner();
  if (i < words_.size() && IsDigit(word(i)[0])) ++i;
  if (i < words_.size() && ldns_get_rr_class_by_name(std::string(word(i)).c_str()) != 0) ++i;
  return i;
}

// \# SIZE HEX..., from there on (RFC 3597 §5). ldns takes any letter for a digit, forgets what a
// type that it knows does not have, and cannot read 65,534 octets.
void RecordText::ReadOpaque(std::size_t from, ldns_rr_type type) {
  opaque_.emplace();
  const auto size = from + 1 < words_.size() ? Read16(word(from + 1)) : std::nullopt;
  if (!size) return;
  std::vector<std::uint8_t> octets;
  bool half = false;
  for (std::size_t i = from + 2; i < words_.size(); ++i) {
    for (const char c : word(i)) {
      const auto digit = DigitValue(c);
      if (!digit) return;
      if (!half) octets.push_back(0);
      octets.back() = static_cast<std::uint8_t>(octets.back() << 4 | *digit);
      half = !half;
    }
  }
  if (half || octets.size() != *size) return;
  *opaque_ = std::move(octets);
  any_octets_ = HasNoShape(type);
  if (any_octets_) text_ = text_.substr(0, words_[from].at) + "\\# 0";
}

// ldns takes a name for the origin if its first label is "@", even if it is escaped (which makes it
// a label like any other, RFC 1035 §5.1) and whatever follows. So it is given another letter, and
// Rdata() puts the right one back.
void RecordText::HideAtLabels(std::size_t from, ldns_rr_type type) {
  const ldns_rr_descriptor* shape = ldns_rr_descript(static_cast<std::uint16_t>(type));
  std::string hidden;
  std::size_t copied = 0;
  for (std::size_t i = from; i < words_.size(); ++i) {
    const std::size_t field = FieldOf(type, i - from);
    const std::string_view label = AtLabel(word(i));
    // A type without such a field must not be asked for it: ldns asserts.
    if (label.empty() || shape == nullptr || field >= ldns_rr_descriptor_maximum(shape) ||
        ldns_rr_descriptor_field_type(shape, field) != LDNS_RDF_TYPE_DNAME) {
      continue;
    }
    hidden.append(text_, copied, words_[i].at - copied).append("x");
    copied = words_[i].at + label.size();
    at_fields_.push_back(field);
  }
  if (!at_fields_.empty()) text_ = hidden.append(text_, copied);
}

std::optional<std::vector<std::uint8_t>> RecordText::Rdata(ldns_rr& record) const {
  if (any_octets_) return *opaque_;
  for (const std::size_t field : at_fields_) {
    const ldns_rdf* name = ldns_rr_rdf(&record, field);
    if (name == nullptr || ldns_rdf_get_type(name) != LDNS_RDF_TYPE_DNAME ||
        ldns_rdf_size(name) < 3) {
      return std::nullopt;
    }
    ldns_rdf_data(name)[1] = '@';
  }
  const LdnsPtr<ldns_buffer> buffer(ldns_buffer_new(LDNS_MAX_PACKETLEN));
  if (!buffer || ldns_rr_rdata2buffer_wire(buffer.get(), &record) != LDNS_STATUS_OK) {
    return std::nullopt;
  }
  const std::uint8_t* octets = ldns_buffer_begin(buffer.get());
  std::vector<std::uint8_t> read(octets, octets + ldns_buffer_position(buffer.get()));
  // A known type has the rdata of its type in this form too.
  return !opaque_ || *opaque_ == read ? std::optional(std::move(read)) : std::nullopt;
}

}  // namespace dnsd::zone
