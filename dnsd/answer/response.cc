#include "dnsd/answer/response.h"

#include <algorithm>
#include <utility>

namespace dnsd::answer {
namespace {

constexpr std::size_t kNoRoom = 512;  // every client takes this much (RFC 1035 §4.2.1)

}  // namespace

Response::Response(const wire::Query& query, OptAnswer& opt, std::span<std::uint8_t> buffer,
                   std::size_t limit)
    : query_(query),
      opt_(opt),
      out_(buffer.first(std::min(std::max(limit, kNoRoom), buffer.size()))) {
  out_.Reserve(OptSize(query.edns, opt));
  out_.Skip(wire::kHeaderSize);  // filled in by Finish
  out_.Bytes(query.question);
  if (!query.question.empty()) out_.RememberQname(query.name, wire::kHeaderSize);
}

void Response::Put(std::span<const std::uint8_t> owner, wire::RrType type, std::uint32_t ttl,
                   std::span<const std::uint8_t> rdata) {
  out_.CompressedName(owner);
  wire::WriteRecordBody(out_, type, ttl, rdata);
  ++records_;
}

bool Response::End(Section section, Fit fit) {
  const std::uint16_t records = std::exchange(records_, std::uint16_t{0});
  if (out_.ok() && !truncated_) {
    auto& count = counts_[static_cast<std::size_t>(section)];
    count = static_cast<std::uint16_t>(count + records);
    return true;
  }
  out_.RewindTo(start_);
  truncated_ = truncated_ || fit == Fit::kRequired;
  return false;
}

bool Response::Add(Section section, std::span<const std::uint8_t> owner, const zone::Zone& zone,
                   const zone::Rrset& rrset, std::uint32_t ttl, Fit fit) {
  Begin();
  for (const auto rdata : zone::RecordsOf(zone.rdata(rrset))) {
    Put(owner, rrset.type, ttl, rdata);
    if (!out_.ok()) break;
  }
  return End(section, fit);
}

bool Response::AddRecord(Section section, std::span<const std::uint8_t> owner, wire::RrType type,
                         std::uint32_t ttl, std::span<const std::uint8_t> rdata, Fit fit) {
  Begin();
  Put(owner, type, ttl, rdata);
  return End(section, fit);
}

void Response::AddChaosText(std::span<const std::uint8_t> rdata) {
  Begin();
  out_.CompressedName(query_.name.wire());
  out_.U16(static_cast<std::uint16_t>(wire::RrType::kTxt));
  out_.U16(static_cast<std::uint16_t>(wire::RrClass::kCh));
  out_.U32(0);
  out_.U16(static_cast<std::uint16_t>(rdata.size()));
  out_.Bytes(rdata);
  ++records_;
  End(Section::kAnswer, Fit::kRequired);
}

void Response::Empty() {
  out_.RewindTo(wire::kHeaderSize + query_.question.size());
  counts_ = {};
  opt_.client_scope = 0;
  truncated_ = true;
}

std::size_t Response::Finish(std::uint16_t edns_size) {
  if (query_.edns.present) {
    out_.Reserve(0);
    WriteOpt(out_, query_.edns, opt_, rcode_, edns_size);
    ++counts_[2];
  }
  const unsigned flags = 0x8000U | static_cast<unsigned>(query_.opcode) << 11 |
                         (authoritative_ && rcode_ != wire::Rcode::kServFail ? 0x0400U : 0U) |
                         (truncated_ ? 0x0200U : 0U) | (query_.recursion_desired ? 0x0100U : 0U) |
                         (static_cast<unsigned>(rcode_) & 0xFU);
  out_.Patch16(0, query_.id);
  out_.Patch16(2, static_cast<std::uint16_t>(flags));
  out_.Patch16(4, query_.question.empty() ? 0 : 1);
  out_.Patch16(6, counts_[0]);
  out_.Patch16(8, counts_[1]);
  out_.Patch16(10, counts_[2]);
  return out_.size();
}

}  // namespace dnsd::answer
