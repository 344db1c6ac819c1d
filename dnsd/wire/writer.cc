#include "dnsd/wire/writer.h"

#include "dnsd/wire/reader.h"

namespace dnsd::wire {

void Writer::CompressOther(std::span<const std::uint8_t> name) {
  if (qname_ != nullptr && !qname_hashed_) HashQname();
  // Where each label starts, and the hash of the suffix from there.
  std::array<std::uint8_t, Name::kMaxLabels + 1> starts;
  std::array<std::uint64_t, Name::kMaxLabels + 1> hashes;
  std::size_t labels = 0;
  for (std::size_t at = 0; name[at] != 0; at += 1U + name[at]) {
    starts[labels++] = static_cast<std::uint8_t>(at);
  }
  std::uint64_t hash = kRootHash;
  for (std::size_t i = labels; i > 0; --i) {
    hash = HashLabel(hash, name.subspan(starts[i - 1] + 1U, name[starts[i - 1]]));
    hashes[i - 1] = hash;
  }
  for (std::size_t i = 0; i < labels; ++i) {
    if (const Known* known = FindKnown(hashes[i], name.subspan(starts[i]))) {
      U16(static_cast<std::uint16_t>(0xC000U | known->offset));
      return;
    }
    Remember(hashes[i], size_);
    Bytes(name.subspan(starts[i], 1U + name[starts[i]]));
  }
  U8(0);
}

void Writer::HashQname() {
  qname_hashed_ = true;
  const NameHashes hashes(*qname_);
  for (std::size_t i = 0; i < qname_->label_count(); ++i) {  // the shortest suffix last: they rise
    Remember(hashes.of(i), qname_offset_ + qname_->label_offset(i));
  }
}

void Writer::RememberName(const Name& name, std::size_t offset) {
  if (!ok_) return;
  if (qname_ != nullptr && !qname_hashed_) HashQname();
  const NameHashes hashes(name);
  for (std::size_t i = 0; i < name.label_count(); ++i) {
    if (FindKnown(hashes.of(i), name.suffix(i)) != nullptr) return;  // and so are the shorter
    Remember(hashes.of(i), offset + name.label_offset(i));
  }
}

void Writer::Remember(std::uint64_t hash, std::size_t offset) {
  if (known_count_ == kMostKnown || offset >= 0x4000) return;  // a pointer has 14 bits
  known_[known_count_++] = {static_cast<std::uint32_t>(hash), static_cast<std::uint16_t>(offset)};
}

const Writer::Known* Writer::FindKnown(std::uint64_t hash,
                                       std::span<const std::uint8_t> suffix) const {
  if (!ok_) return nullptr;
  for (std::size_t i = 0; i < known_count_; ++i) {
    if (known_[i].hash == static_cast<std::uint32_t>(hash) && EqualAt(known_[i].offset, suffix)) {
      return &known_[i];
    }
  }
  return nullptr;
}

// Compares the name at `offset` of the message, pointers followed, with `name`. All names of the
// message were written here or read as well formed, so pointers lead backwards and end.
bool Writer::EqualAt(std::size_t offset, std::span<const std::uint8_t> name) const {
  std::size_t at = 0;
  while (offset < size_) {  // a name still under way ends at size_
    while (buffer_[offset] >= 0xC0) {
      offset = static_cast<std::size_t>(buffer_[offset] & 0x3FU) << 8 | buffer_[offset + 1];
    }
    const std::size_t length = buffer_[offset];
    if (length != name[at]) return false;
    if (length == 0) return true;
    for (std::size_t i = 1; i <= length; ++i) {
      if (LowerOctet(buffer_[offset + i]) != name[at + i]) return false;
    }
    offset += length + 1;
    at += length + 1;
  }
  return false;
}

RdataShape ShapeOf(RrType type) {
  switch (type) {
    case RrType::kNs:
    case RrType::kMd:
    case RrType::kMf:
    case RrType::kCname:
    case RrType::kMb:
    case RrType::kMg:
    case RrType::kMr:
    case RrType::kPtr:
      return {0, 1};
    case RrType::kSoa:
    case RrType::kMinfo:
      return {0, 2};
    case RrType::kMx:
      return {2, 1};
    case RrType::kDname:
      return {0, 0, true};
    case RrType::kSvcb:
    case RrType::kHttps:
      return {2, 0, true};
    case RrType::kSrv:
      return {6, 0, true};
    default:
      return {};
  }
}

namespace {

// The name behind `prefix` octets of the rdata that was written last.
void RememberTarget(Writer& out, std::span<const std::uint8_t> rdata, std::size_t prefix) {
  Reader in(rdata);
  in.Bytes(prefix);
  Name target;
  if (ReadName(in, target) != WireError::kNone || !out.ok()) return;
  out.RememberName(target, out.size() - rdata.size() + prefix);
}

}  // namespace

void WriteRecordBody(Writer& out, RrType type, std::uint32_t ttl,
                     std::span<const std::uint8_t> rdata) {
  const RdataShape shape = ShapeOf(type);
  if (shape.names == 0) {
    out.RecordBody(type, ttl, rdata);
    if (shape.target) RememberTarget(out, rdata, shape.prefix);
    return;
  }
  out.RecordBody(type, ttl, rdata.first(shape.prefix));
  rdata = rdata.subspan(shape.prefix);
  const std::size_t rdata_at = out.size() - shape.prefix;
  for (unsigned i = 0; i < shape.names; ++i) {
    const std::size_t size = NameSize(rdata);
    out.CompressedName(rdata.first(size));
    rdata = rdata.subspan(size);
  }
  out.Bytes(rdata);
  if (out.ok()) out.Patch16(rdata_at - 2, static_cast<std::uint16_t>(out.size() - rdata_at));
}

std::size_t NameSize(std::span<const std::uint8_t> octets) {
  std::size_t at = 0;
  while (octets[at] != 0) at += 1U + octets[at];
  return at + 1;
}

}  // namespace dnsd::wire
