// Any text is a zone or is refused with a message; a zone has its SOA and finds its own names.
#include <unistd.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "dnsd/zone/loader.h"
#include "tests/fuzz/check.h"

namespace {

using namespace dnsd;

// A file of this process's own, gone with it.
struct TextFile {
  TextFile()
      : path(std::filesystem::temp_directory_path() / ("zone_text_" + std::to_string(getpid()))) {}
  ~TextFile() { std::remove(path.c_str()); }
  void Write(const std::uint8_t* data, std::size_t size) const {
    std::FILE* file = std::fopen(path.c_str(), "wb");
    CHECK_PROPERTY(file != nullptr);
    if (size > 0) CHECK_PROPERTY(std::fwrite(data, 1, size, file) == size);
    std::fclose(file);
  }
  std::string path;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const TextFile file;
  if (std::string_view(reinterpret_cast<const char*>(data), size).find("NCLUDE") !=
      std::string_view::npos) {
    return 0;  // would read files that happen to be there
  }
  file.Write(data, size);
  AddressTable addresses;
  const zone::SiteRules rules;
  const auto loaded = zone::LoadZone(file.path, *wire::Name::Parse("example"), addresses, rules);
  if (!loaded.ok()) {
    CHECK_PROPERTY(!loaded.status().message().empty());
    return 0;
  }
  const zone::Zone& zone = *loaded->zone;
  CHECK_PROPERTY(zone.FindRrset(zone.apex_node(), wire::RrType::kSoa) != nullptr);
  for (const zone::Node& node : zone.nodes()) {
    const wire::Name name = zone.name(node);
    CHECK_PROPERTY(name.IsAtOrBelow(zone.apex()));
    CHECK_PROPERTY(zone.FindExact(name.Hash(), name.wire()) == &node);
    CHECK_PROPERTY(zone.Find(name, zone::NameHashes(name)).node != nullptr);
    for (const zone::Rrset& rrset : zone.rrsets(node)) {
      std::size_t records = 0;
      for (const auto rdata : zone::RecordsOf(zone.rdata(rrset))) {
        records += rdata.size() <= 0xFFFF ? 1U : 0U;
      }
      CHECK_PROPERTY(records == rrset.count);
      if (rrset.pool != zone::kNoPool) {
        CHECK_PROPERTY(zone.pool(rrset.pool).members.size() == rrset.count);
      }
    }
  }
  return 0;
}
