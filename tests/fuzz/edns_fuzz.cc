// The input is the rdata of an OPT record. Its client subnet is as RFC 7871 wants it or refused
// and is answered as it wants, its cookie lies in it and has a size that RFC 7873 allows.
#include <algorithm>
#include <array>
#include <vector>

#include "dnsd/answer/client_subnet.h"
#include "dnsd/answer/opt.h"
#include "dnsd/wire/query.h"
#include "tests/fuzz/check.h"

namespace {

// No more of the subnet is used than is allowed, and the response tells family, source and address
// as they were, with a scope within both (RFC 7871 §7.2.1).
void CheckAnswer(const dnsd::wire::Edns& asked, std::vector<std::uint8_t> option) {
  const dnsd::wire::ClientSubnet& subnet = asked.subnet;
  const dnsd::answer::ClientSubnets limits(24, 56);
  const dnsd::IpAddress resolver = *dnsd::IpAddress::Parse("192.0.2.53");
  const std::uint8_t bits = limits.BitsUsed(subnet);
  const std::uint8_t most = subnet.address.size() == 4 ? 24 : 56;
  CHECK_PROPERTY(bits <= subnet.source_length && bits <= most);
  const dnsd::IpAddress client = limits.ClientOf(subnet, resolver);
  CHECK_PROPERTY(subnet.source_length == 0 ? client == resolver
                                           : client == subnet.address.Masked(most));
  dnsd::answer::OptAnswer answer;
  answer.client_scope = 255;
  answer.subnet_bits = bits;
  std::array<std::uint8_t, 64> buffer;
  dnsd::wire::Writer out(buffer);
  dnsd::wire::Edns alone;
  alone.present = true;
  alone.subnet = subnet;
  dnsd::answer::WriteOpt(out, alone, answer, dnsd::wire::Rcode::kNoError, 1232);
  option[7] = bits;
  CHECK_PROPERTY(out.ok() && out.size() == 11 + option.size());
  CHECK_PROPERTY(std::equal(option.begin(), option.end(), buffer.begin() + 11));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using dnsd::wire::QueryFault;
  if (size > 0xFFFF) return 0;
  std::vector<std::uint8_t> message = {0,
                                       1,
                                       0,
                                       0,
                                       0,
                                       1,
                                       0,
                                       0,
                                       0,
                                       0,
                                       0,
                                       1,
                                       0,
                                       0,
                                       1,
                                       0,
                                       1,  // header, question: . IN A
                                       0,
                                       0,
                                       41,
                                       4,
                                       208,
                                       0,
                                       0,
                                       0,
                                       0,
                                       static_cast<std::uint8_t>(size >> 8),
                                       static_cast<std::uint8_t>(size)};
  message.insert(message.end(), data, data + size);
  dnsd::wire::Query query;
  const QueryFault fault = dnsd::wire::ReadQuery(message, query);
  CHECK_PROPERTY(fault == QueryFault::kNone || fault == QueryFault::kFormErr);
  CHECK_PROPERTY(query.edns.present && query.edns.udp_size == 1232);
  const auto cookie = query.edns.cookie;
  CHECK_PROPERTY(cookie.empty() || cookie.size() == 8 ||
                 (cookie.size() >= 16 && cookie.size() <= 40));
  CHECK_PROPERTY(cookie.empty() ||
                 (cookie.data() >= message.data() + message.size() - size &&
                  cookie.data() + cookie.size() <= message.data() + message.size()));
  const dnsd::wire::ClientSubnet& subnet = query.edns.subnet;
  if (!subnet.present) return 0;
  CHECK_PROPERTY(subnet.source_length <= 8 * subnet.address.size());
  CHECK_PROPERTY(subnet.address.Masked(subnet.source_length) == subnet.address);
  // What was read stands in the input as it would be written.
  const std::size_t octets = (subnet.source_length + 7U) / 8U;
  std::vector<std::uint8_t> option = {0,
                                      8,
                                      0,
                                      static_cast<std::uint8_t>(4 + octets),
                                      0,
                                      static_cast<std::uint8_t>(subnet.address.size() == 4 ? 1 : 2),
                                      subnet.source_length,
                                      0};
  const auto address = subnet.address.octets().first(octets);
  option.insert(option.end(), address.begin(), address.end());
  CHECK_PROPERTY(std::search(data, data + size, option.begin(), option.end()) != data + size);
  CheckAnswer(query.edns, option);
  return 0;
}
