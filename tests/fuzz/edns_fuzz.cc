// The input is the rdata of an OPT record. Its client subnet is as RFC 7871 wants it or refused,
// its cookie lies in it and has a size that RFC 7873 allows.
#include <algorithm>
#include <vector>

#include "dnsd/wire/query.h"
#include "tests/fuzz/check.h"

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
  return 0;
}
