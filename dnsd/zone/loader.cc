#include "dnsd/zone/loader.h"

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <utility>

#include "dnsd/zone/ldns_ptr.h"
#include "dnsd/zone/zone_builder.h"

namespace dnsd::zone {
namespace {

constexpr std::size_t kMostFaults = 20;   // told before the loader gives up
constexpr std::size_t kMostIncludes = 8;  // deep
constexpr std::uint32_t kDefaultTtl = 3600;

struct FileClose {
  void operator()(std::FILE* file) const { std::fclose(file); }
};
using File = std::unique_ptr<std::FILE, FileClose>;

LdnsPtr<ldns_rdf> ToLdns(const wire::Name& name) {
  return LdnsPtr<ldns_rdf>(
      ldns_rdf_new_frm_data(LDNS_RDF_TYPE_DNAME, name.wire().size(), name.wire().data()));
}

std::optional<wire::Name> FromLdns(const ldns_rdf* name) {
  return wire::Name::FromWire({ldns_rdf_data(name), ldns_rdf_size(name)});
}

// The entry of a zone file that was just read, for messages: one line, cut short.
std::string EntryText(std::FILE* file, long from) {
  const long to = std::ftell(file);
  if (from < 0 || to <= from) return {};
  std::string text(static_cast<std::size_t>(std::min(to - from, 2000L)), '\0');
  std::fseek(file, from, SEEK_SET);
  text.resize(std::fread(text.data(), 1, text.size(), file));
  std::fseek(file, to, SEEK_SET);
  return text;
}

std::string Shortened(std::string text) {
  while (!text.empty() && std::isspace(static_cast<unsigned char>(text.back())) != 0)
    text.pop_back();
  const std::size_t line = text.find_last_of('\n');
  if (line != std::string::npos) text.erase(0, line + 1);
  if (text.size() > 80) text = text.substr(0, 77) + "...";
  for (char& c : text) {
    if (std::iscntrl(static_cast<unsigned char>(c)) != 0) c = ' ';
  }
  return text;
}

// Reads one zone file, and those it includes, into a builder.
class Loader {
 public:
  Loader(const wire::Name& apex, AddressTable& addresses, const SiteRules& rules)
      : apex_(apex), builder_(apex, addresses, rules) {}

  absl::StatusOr<LoadedZone> Load(const std::string& path) {
    File file = Open(path);
    if (file == nullptr) {
      return absl::NotFoundError(path + ": " + std::strerror(errno) + "; wanted the zone file of " +
                                 apex_.ToString());
    }
    Read(file.get(), path, apex_, 0);
    // A zone with a hole in it is no zone: what the entries say is checked even so.
    std::shared_ptr<const Zone> zone = builder_.Build();
    LoadedZone loaded;
    std::string faults;
    for (const ZoneFault& fault : builder_.faults()) {
      std::string where = files_[fault.source.file];
      if (fault.source.line > 0) where += ":" + std::to_string(fault.source.line);
      if (fault.fatal) {
        messages_.push_back(where + ": " + fault.message);
      } else {
        loaded.warnings.push_back(where + ": " + fault.message);
      }
    }
    if (messages_.empty() && zone != nullptr) {
      loaded.zone = std::move(zone);
      return loaded;
    }
    for (const std::string& message : messages_) faults += (faults.empty() ? "" : "\n") + message;
    return absl::InvalidArgumentError(faults);
  }

 private:
  static File Open(const std::string& path) {
    std::error_code error;
    if (std::filesystem::is_directory(path, error)) {
      errno = EISDIR;
      return nullptr;
    }
    return File(std::fopen(path.c_str(), "re"));
  }

  void Fault(const std::string& path, int line, const std::string& what) {
    messages_.push_back(path + ":" + std::to_string(line) + ": " + what);
  }

  void Read(std::FILE* file, const std::string& path, const wire::Name& origin_name,
            std::size_t depth) {
    const auto number = static_cast<std::uint32_t>(files_.size());
    files_.push_back(path);
    ldns_rdf* origin = ToLdns(origin_name).release();
    ldns_rdf* previous = nullptr;
    int line = 1;
    while (std::feof(file) == 0 && messages_.size() < kMostFaults) {
      const long from = std::ftell(file);
      ldns_rr* read = nullptr;
      std::uint32_t ttl = ttl_;
      const ldns_status status = ldns_rr_new_frm_fp_l(&read, file, &ttl, &origin, &previous, &line);
      const LdnsPtr<ldns_rr> record(read);
      if (status == LDNS_STATUS_OK) {
        // An entry without a TTL has that of $TTL, or else of the entry before (RFC 1035 §5.1).
        if (!ttl_directive_) ttl_ = ldns_rr_ttl(read);
        AddRecord(*read, path, {number, LineOf(file, from, line)});
      } else if (status == LDNS_STATUS_SYNTAX_TTL) {
        ttl_ = ttl;
        ttl_directive_ = true;
      } else if (status == LDNS_STATUS_SYNTAX_INCLUDE) {
        Include(EntryText(file, from), path, static_cast<int>(LineOf(file, from, line)), *origin,
                depth);
      } else if (status != LDNS_STATUS_SYNTAX_EMPTY && status != LDNS_STATUS_SYNTAX_ORIGIN) {
        Fault(path, static_cast<int>(LineOf(file, from, line)),
              "found '" + Shortened(EntryText(file, from)) +
                  "': " + ldns_get_errorstr_by_id(status) +
                  "; wanted OWNER [TTL] [IN] TYPE RDATA or a $ directive");
      }
    }
    if (messages_.size() >= kMostFaults) Fault(path, line, "too many faults; the rest is not read");
    ldns_rdf_deep_free(origin);
    if (previous != nullptr) ldns_rdf_deep_free(previous);
  }

  // ldns counts the newline that ends an entry: the entry stands on the line before, unless the
  // file ends without one.
  static std::uint32_t LineOf(std::FILE* file, long from, int line) {
    const bool unended = std::feof(file) != 0 && !EntryText(file, from).ends_with('\n');
    return static_cast<std::uint32_t>(std::max(unended ? line : line - 1, 1));
  }

  void AddRecord(const ldns_rr& record, const std::string& path, RecordSource source) {
    const auto owner = FromLdns(ldns_rr_owner(&record));
    const auto type = static_cast<wire::RrType>(ldns_rr_get_type(&record));
    const int line = static_cast<int>(source.line);
    if (!owner) return Fault(path, line, "an owner name that does not fit 255 octets");
    if (ldns_rr_get_class(&record) != LDNS_RR_CLASS_IN) {
      return Fault(path, line,
                   "class " + std::to_string(ldns_rr_get_class(&record)) + " at " +
                       owner->ToString() + "; wanted IN");
    }
    const LdnsPtr<ldns_buffer> buffer(ldns_buffer_new(LDNS_MAX_PACKETLEN));
    if (ldns_rr_rdata2buffer_wire(buffer.get(), &record) != LDNS_STATUS_OK) {
      return Fault(path, line, "rdata at " + owner->ToString() + " does not fit a record");
    }
    const std::span<const std::uint8_t> rdata(ldns_buffer_begin(buffer.get()),
                                              ldns_buffer_position(buffer.get()));
    builder_.Add(*owner, type, ldns_rr_ttl(&record), rdata, source);
  }

  // $INCLUDE FILE [ORIGIN]: a relative file is relative to the including one's folder; the origin
  // holds within it alone (RFC 1035 §5.1).
  void Include(const std::string& entry, const std::string& path, int line, const ldns_rdf& origin,
               std::size_t depth) {
    std::string name;
    std::string origin_text;
    for (std::size_t at = entry.find("$INCLUDE") + 8; at < entry.size() && entry[at] != ';';) {
      const std::size_t end = std::min(entry.find_first_of(" \t\r\n;", at), entry.size());
      if (end > at) (name.empty() ? name : origin_text) = entry.substr(at, end - at);
      at = end < entry.size() && entry[end] != ';' && entry[end] != '\n' ? end + 1 : entry.size();
    }
    auto within = FromLdns(&origin);
    if (!origin_text.empty()) {
      const bool absolute = origin_text.back() == '.';
      within = wire::Name::Parse(absolute ? origin_text : origin_text + "." + within->ToString());
    }
    if (name.empty() || !within || depth == kMostIncludes) {
      return Fault(
          path, line,
          "found '" + Shortened(entry) + "'; wanted $INCLUDE FILE [ORIGIN], at most 8 deep");
    }
    std::filesystem::path file_path(name);
    if (file_path.is_relative()) file_path = std::filesystem::path(path).parent_path() / file_path;
    const File file = Open(file_path.string());
    if (file == nullptr) {
      return Fault(path, line, "$INCLUDE " + file_path.string() + ": " + std::strerror(errno));
    }
    Read(file.get(), file_path.string(), *within, depth + 1);
  }

  wire::Name apex_;
  ZoneBuilder builder_;
  std::vector<std::string> files_;
  std::vector<std::string> messages_;
  std::uint32_t ttl_ = kDefaultTtl;
  bool ttl_directive_ = false;
};

}  // namespace

absl::StatusOr<LoadedZone> LoadZone(const std::string& path, const wire::Name& apex,
                                    AddressTable& addresses, const SiteRules& rules) {
  return Loader(apex, addresses, rules).Load(path);
}

}  // namespace dnsd::zone
