// A response under construction: header, question, three sections in order, OPT.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <span>

#include "dnsd/answer/opt.h"
#include "dnsd/wire/query.h"
#include "dnsd/wire/types.h"
#include "dnsd/wire/writer.h"
#include "dnsd/zone/zone.h"

namespace dnsd::answer {

enum class Section : std::uint8_t { kAnswer, kAuthority, kAdditional };

// What an RRset that does not fit does to the response.
enum class Fit : std::uint8_t {
  kRequired,  // TC: the client must come again over TCP (RFC 2181 §9)
  kOptional,  // left out in silence
};

// Writes RRsets whole or not at all. Sections must be filled in their order. Borrows `buffer`,
// `query` and `opt`. Never allocates or throws.
class Response {
 public:
  // `limit`: the most octets the client takes, at most buffer.size(). `opt`: what OPT will
  // tell, for which room is set aside if the query has one; its client_scope and error may change
  // until Finish.
  Response(const wire::Query& query, OptAnswer& opt, std::span<std::uint8_t> buffer,
           std::size_t limit);

  // Adds an RRset of `zone` under the owner name `owner` (lower-case wire form). False if it did
  // not fit; after a required one that did not, nothing more is added.
  bool Add(Section section, std::span<const std::uint8_t> owner, const zone::Zone& zone,
           const zone::Rrset& rrset, std::uint32_t ttl, Fit fit = Fit::kRequired);
  // Likewise one record of the given rdata, in uncompressed wire form.
  bool AddRecord(Section section, std::span<const std::uint8_t> owner, wire::RrType type,
                 std::uint32_t ttl, std::span<const std::uint8_t> rdata, Fit fit = Fit::kRequired);
  // Adds a TXT record of class CH at QNAME, with TTL 0.
  void AddChaosText(std::span<const std::uint8_t> rdata);
  // For an RRset that is put together record by record: Begin, Put..., End.
  void Begin() { start_ = out_.size(); }
  void Put(std::span<const std::uint8_t> owner, wire::RrType type, std::uint32_t ttl,
           std::span<const std::uint8_t> rdata);
  // Put of rdata that holds no names.
  void PutPlain(std::span<const std::uint8_t> owner, wire::RrType type, std::uint32_t ttl,
                std::span<const std::uint8_t> rdata) {
    out_.CompressedName(owner);
    out_.RecordBody(type, ttl, rdata);
    ++records_;
  }
  bool End(Section section, Fit fit);

  void set_rcode(wire::Rcode rcode) { rcode_ = rcode; }
  wire::Rcode rcode() const { return rcode_; }
  void set_authoritative(bool authoritative = true) { authoritative_ = authoritative; }
  bool authoritative() const { return authoritative_; }
  void set_client_scope(std::uint8_t bits) {
    opt_.client_scope = std::max(opt_.client_scope, bits);
  }
  void set_error(ExtendedError error) { opt_.error = error; }
  bool truncated() const { return truncated_; }
  bool has_answer() const { return counts_[0] > 0; }

  // Takes every record back and sets TC.
  void Empty();

  // Completes the message and returns its size. `edns_size` is the UDP payload offered in OPT.
  std::size_t Finish(std::uint16_t edns_size);

 private:
  const wire::Query& query_;
  OptAnswer& opt_;
  wire::Writer out_;
  std::size_t start_ = 0;      // of the RRset under way
  std::uint16_t records_ = 0;  // of the RRset under way
  std::array<std::uint16_t, 3> counts_{};
  wire::Rcode rcode_ = wire::Rcode::kNoError;
  bool authoritative_ = false;
  bool truncated_ = false;
};

}  // namespace dnsd::answer
