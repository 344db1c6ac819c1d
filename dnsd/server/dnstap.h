// dnstap: queries and responses in protobuf (proto/dnstap.proto), in Frame Streams over a Unix
// socket or into a file.
#pragma once

#include <memory>
#include <string>

#include "dnsd/base/status.h"
#include "dnsd/server/dnstap_settings.h"
#include "dnsd/server/tap_sink.h"

namespace dnsd::server {

// The octets of the protobuf messages of one query.
std::string DnstapQuery(const DnstapSettings& settings, const TappedQuery& query);
std::string DnstapResponse(const DnstapSettings& settings, const TappedQuery& query);

// A reader that is not there is looked for every second; one that takes nothing for a second is
// given up. What comes meanwhile is lost, and counted.
class Dnstap : public TapSink {
 public:
  // Unavailable: the file cannot be written.
  static absl::StatusOr<std::unique_ptr<Dnstap>> Open(const DnstapSettings& settings);
  ~Dnstap() override;

  void Take(const TappedQuery& query) override;
  void Tend(MonotonicTime now) override;
  void Reopen() override;

 private:
  struct Stream;  // an open one, and libfstrm's writer to it

  explicit Dnstap(const DnstapSettings& settings);
  bool Connect();
  bool Write(const std::string& frame);

  const DnstapSettings settings_;
  std::unique_ptr<Stream> stream_;  // null: nobody listens
  MonotonicTime next_try_{};
  bool told_ = false;  // that nobody listens
};

}  // namespace dnsd::server
