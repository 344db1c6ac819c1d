// A name that was read is well formed, prints, and parses back to the same.
#include <algorithm>
#include <string_view>

#include "dnsd/wire/name.h"
#include "tests/fuzz/check.h"

namespace {

using dnsd::wire::Name;

void CheckName(const Name& name) {
  CHECK_PROPERTY(name.wire().size() >= 1 && name.wire().size() <= Name::kMaxSize);
  CHECK_PROPERTY(name.label_count() <= Name::kMaxLabels);
  std::size_t size = 1;
  std::uint64_t hash = dnsd::wire::kRootHash;
  for (std::size_t i = name.label_count(); i > 0; --i) {
    const auto label = name.label(i - 1);
    CHECK_PROPERTY(!label.empty() && label.size() <= 63);
    CHECK_PROPERTY(std::ranges::none_of(label, [](auto o) { return o >= 'A' && o <= 'Z'; }));
    hash = dnsd::wire::HashLabel(hash, label);
    size += 1 + label.size();
    CHECK_PROPERTY(name.IsAtOrBelow(*Name::FromWire(name.suffix(i - 1))));
  }
  CHECK_PROPERTY(size == name.wire().size());
  CHECK_PROPERTY(hash == name.Hash());
  const auto again = Name::Parse(name.ToString());
  CHECK_PROPERTY(again && *again == name);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  dnsd::wire::Reader in({data, size});
  Name name;
  if (dnsd::wire::ReadName(in, name) == dnsd::wire::WireError::kNone) {
    CHECK_PROPERTY(in.offset() == name.wire().size());
    CheckName(name);
  }
  const auto parsed = Name::Parse({reinterpret_cast<const char*>(data), size});
  if (parsed) CheckName(*parsed);
  return 0;
}
