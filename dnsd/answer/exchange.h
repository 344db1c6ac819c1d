// A message on its way to an answer.
#pragma once

#include "dnsd/wire/name.h"
#include "dnsd/wire/query.h"
#include "dnsd/zone/zone.h"

namespace dnsd::answer {

// What was read of it and found out so far. Borrows the message.
struct Exchange {
  wire::QueryFault fault = wire::QueryFault::kNone;
  wire::Query query;
  wire::NameHashes hashes;           // of QNAME; unspecified on a fault
  const zone::Zone* zone = nullptr;  // that QNAME is looked up in; null: none, or a fault
};

}  // namespace dnsd::answer
