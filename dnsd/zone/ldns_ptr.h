// Owning pointers to ldns objects.
#pragma once

#include <ldns/ldns.h>

#include <memory>

namespace dnsd::zone {

struct LdnsDelete {
  void operator()(ldns_rr* rr) const { ldns_rr_free(rr); }
  void operator()(ldns_rdf* rdf) const { ldns_rdf_deep_free(rdf); }
  void operator()(ldns_buffer* buffer) const { ldns_buffer_free(buffer); }
};

template <typename T>
using LdnsPtr = std::unique_ptr<T, LdnsDelete>;

}  // namespace dnsd::zone
