#include "dnsd/wire/name.h"

#include <algorithm>
#include <cstring>

namespace dnsd::wire {
namespace {

// LowerOctet of eight octets at once.
std::uint64_t LowerOctets(std::uint64_t octets) {
  constexpr std::uint64_t kEach = 0x0101010101010101U;
  const std::uint64_t low_bits = octets & (0x7F * kEach);
  const std::uint64_t from_a = low_bits + (0x80 - 'A') * kEach;  // bit 7 of each: at least 'A'
  const std::uint64_t past_z = low_bits + (0x7F - 'Z') * kEach;  // bit 7 of each: past 'Z'
  const std::uint64_t upper = (from_a ^ past_z) & ~octets & (0x80 * kEach);
  return octets | upper >> 2;
}

void LowerCopy(const std::uint8_t* from, std::size_t count, std::uint8_t* to) {
  const auto lower8 = [&](std::size_t at) {
    const std::uint64_t lower = LowerOctets(internal::LoadWord<std::uint64_t>(from + at));
    std::memcpy(to + at, &lower, sizeof lower);
  };
  if (count < 8) {
    for (std::size_t i = 0; i < count; ++i) to[i] = LowerOctet(from[i]);
    return;
  }
  for (std::size_t at = 0; at + 8 < count; at += 8) lower8(at);
  lower8(count - 8);  // overlaps what is done
}

bool IsDigit(char c) { return c >= '0' && c <= '9'; }

// Reads one octet of a label, escapes resolved, and moves `at` behind it.
std::optional<std::uint8_t> ReadOctet(std::string_view text, std::size_t& at) {
  if (text[at] != '\\') return static_cast<std::uint8_t>(text[at++]);
  if (++at == text.size()) return std::nullopt;
  if (!IsDigit(text[at])) return static_cast<std::uint8_t>(text[at++]);
  if (text.size() - at < 3 || !IsDigit(text[at + 1]) || !IsDigit(text[at + 2])) {
    return std::nullopt;
  }
  const int value = (text[at] - '0') * 100 + (text[at + 1] - '0') * 10 + (text[at + 2] - '0');
  at += 3;
  if (value > 255) return std::nullopt;
  return static_cast<std::uint8_t>(value);
}

}  // namespace

Name& Name::operator=(const Name& other) {
  if (this == &other) return *this;
  size_ = other.size_;
  label_count_ = other.label_count_;
  std::memcpy(offsets_.data(), other.offsets_.data(), label_count_);
  std::memcpy(octets_.data(), other.octets_.data(), size_);
  return *this;
}

std::optional<Name> Name::Parse(std::string_view text) {
  if (text == ".") return Name();
  std::array<std::uint8_t, kMaxSize> wire;
  std::size_t length_at = 0;  // where the length octet of the label under way stands
  std::size_t end = 1;
  for (std::size_t at = 0; at < text.size();) {
    const bool dot = text[at] == '.';
    const auto octet = ReadOctet(text, at);
    if (!octet) return std::nullopt;
    if (dot) {
      if (end == length_at + 1) return std::nullopt;  // an empty label
      wire[length_at] = static_cast<std::uint8_t>(end - length_at - 1);
      length_at = end++;
    } else {
      // Room must be left for the root's octet; the label must stay within 63.
      if (end - length_at > 63 || end >= kMaxSize) return std::nullopt;
      wire[end++] = *octet;
    }
    if (end > kMaxSize) return std::nullopt;
  }
  if (end > length_at + 1) {  // no final dot
    wire[length_at] = static_cast<std::uint8_t>(end - length_at - 1);
    if (end >= kMaxSize) return std::nullopt;
    length_at = end++;
  } else if (length_at == 0) {
    return std::nullopt;  // no text at all
  }
  wire[length_at] = 0;
  return FromWire(std::span(wire).first(end));
}

std::optional<Name> Name::FromWire(std::span<const std::uint8_t> wire) {
  Reader in(wire);
  Name name;
  if (ReadName(in, name) != WireError::kNone || in.left() != 0) return std::nullopt;
  return name;
}

std::uint64_t Name::Hash() const {
  std::uint64_t hash = kRootHash;
  for (std::size_t i = label_count_; i > 0; --i) hash = HashLabel(hash, label(i - 1));
  return hash;
}

std::string Name::ToString() const { return NameToString(wire()); }

WireError ReadName(Reader& in, Name& out) {
  const auto rest = in.Rest();
  std::size_t labels = 0;
  std::size_t size = 0;  // octets read
  while (true) {
    if (size >= rest.size()) return WireError::kTruncated;
    const std::size_t length = rest[size];
    if (length == 0) break;
    if (length > 63) return WireError::kLabelType;
    if (size + 1 + length >= Name::kMaxSize) return WireError::kNameTooLong;
    if (length >= rest.size() - size) return WireError::kTruncated;
    out.offsets_[labels++] = static_cast<std::uint8_t>(size);
    size += 1 + length;
  }
  ++size;  // the root's octet
  // Length octets are below 64 and so no capital letters: the whole name is lowered in one go.
  LowerCopy(in.Bytes(size).data(), size, out.octets_.data());
  out.size_ = static_cast<std::uint8_t>(size);
  out.label_count_ = static_cast<std::uint8_t>(labels);
  return WireError::kNone;
}

std::string NameToString(std::span<const std::uint8_t> wire) {
  if (wire.size() <= 1) return ".";
  std::string text;
  for (std::size_t at = 0; at < wire.size() && wire[at] != 0; at += 1U + wire[at]) {
    for (const std::uint8_t octet : wire.subspan(at + 1, wire[at])) {
      if (octet <= ' ' || octet >= 127) {
        const char digits[] = {'\\', static_cast<char>('0' + octet / 100),
                               static_cast<char>('0' + octet / 10 % 10),
                               static_cast<char>('0' + octet % 10)};
        text.append(digits, sizeof digits);
      } else {
        if (std::string_view(".\\\"();@$").find(static_cast<char>(octet)) !=
            std::string_view::npos) {
          text += '\\';
        }
        text += static_cast<char>(octet);
      }
    }
    text += '.';
  }
  return text;
}

}  // namespace dnsd::wire
