// A message is read whole or refused for a documented reason; what was read lies within it.
#include "dnsd/wire/query.h"
#include "tests/fuzz/check.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using dnsd::wire::QueryFault;
  dnsd::wire::Query query;
  const QueryFault fault = dnsd::wire::ReadQuery({data, size}, query);
  if (fault == QueryFault::kNoResponse) {
    CHECK_PROPERTY(size < 12 || (data[2] & 0x80) != 0);
    return 0;
  }
  CHECK_PROPERTY(query.id == (data[0] << 8 | data[1]));
  if (!query.question.empty()) {
    CHECK_PROPERTY(query.question.data() == data + dnsd::wire::kHeaderSize);
    CHECK_PROPERTY(query.question.size() <= size - dnsd::wire::kHeaderSize);
    CHECK_PROPERTY(query.question.size() == query.name.wire().size() + 4);
  }
  if (!query.edns.cookie.empty()) {
    CHECK_PROPERTY(query.edns.cookie.data() > data);
    CHECK_PROPERTY(query.edns.cookie.data() + query.edns.cookie.size() <= data + size);
  }
  const bool standard = (data[2] & 0x78) == 0;
  const int questions = data[4] << 8 | data[5];
  switch (fault) {
    case QueryFault::kNone:
      CHECK_PROPERTY(standard && questions == 1 && !query.question.empty());
      CHECK_PROPERTY(query.edns.version == 0);
      break;
    case QueryFault::kNotImp:
      CHECK_PROPERTY(!standard);
      break;
    case QueryFault::kBadVers:
      CHECK_PROPERTY(standard && query.edns.present && query.edns.version > 0);
      break;
    case QueryFault::kNoQuestion:
      CHECK_PROPERTY(standard && questions == 0 && query.question.empty());
      CHECK_PROPERTY(query.edns.cookie.size() >= 8);
      break;
    default:
      CHECK_PROPERTY(standard && fault == QueryFault::kFormErr);
  }
  return 0;
}
