#include "reporter/byte_size.h"

#include <gtest/gtest.h>

namespace dnsd::reporter {
namespace {

TEST(ParseByteSize, WantsANumberAndAUnit) {
  const struct {
    const char* text;
    std::optional<std::uint64_t> octets;
  } cases[] = {{"20GiB", 21'474'836'480},
               {"500MiB", 524'288'000},
               {"1.5KiB", 1536},
               {"2TB", 2'000'000'000'000},
               {"3MB", 3'000'000},
               {"7kB", 7000},
               {"0B", 0},
               {"65536TiB", std::uint64_t{1} << 56},
               {"65537TiB", {}},
               {"20", {}},
               {"", {}},
               {"GiB", {}},
               {"20 GiB", {}},
               {"20gib", {}},
               {"1.2.3GB", {}},
               {"-1GiB", {}},
               {"20G", {}}};
  for (const auto& c : cases) EXPECT_EQ(ParseByteSize(c.text), c.octets) << c.text;
}

TEST(ByteSizeText, HasFourDigitsAtMost) {
  EXPECT_EQ(ByteSizeText(17), "17 B");
  EXPECT_EQ(ByteSizeText(1023), "1023 B");
  EXPECT_EQ(ByteSizeText(1536), "1.5 KiB");
  EXPECT_EQ(ByteSizeText(21'474'836'480), "20 GiB");
}

}  // namespace
}  // namespace dnsd::reporter
