// Sends queries and matches responses, on one thread that sleeps only if told to.
//
//   socket 0 ── ids 0…65535, a ring: [answered][answered][waiting][waiting][free …]
//   socket 1 ── …                              oldest ┘                └ next
//
// Ids are given in order, so the oldest query without an answer is always at hand for the timeout,
// and a response finds its query by id alone.
#pragma once

#include <poll.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "dnsd/base/ip.h"
#include "dnsd/base/status.h"
#include "tools/dnsload/histogram.h"
#include "tools/dnsload/query_list.h"

namespace dnsload {

struct LoadOptions {
  dnsd::Endpoint server;
  double rate = 0;             // queries a second; 0: as many as are answered
  unsigned outstanding = 128;  // queries without an answer at any time
  unsigned sockets = 8;        // so that SO_REUSEPORT spreads them over workers
  std::uint64_t duration_ns = 5'000'000'000;
  std::uint64_t warm_up_ns = 0;              // before it, counted nowhere
  std::uint64_t timeout_ns = 1'000'000'000;  // a query older than that is lost
  bool in_order = false;                     // the list from first to last, over again; else random
  bool validate = false;  // compare the question and the answers, not the id alone
  int expect_rcode = 0;
  int expect_answers = -1;  // -1: at least one
  bool sleep = false;       // wait in the kernel when there is nothing to do, instead of polling
};

struct Counts {
  std::uint64_t sent = 0;
  std::uint64_t answered = 0;
  std::uint64_t lost = 0;  // no answer within the timeout
  std::uint64_t send_errors = 0;
  std::uint64_t unexpected = 0;      // no query of ours had that id, or it was answered already
  std::uint64_t wrong_question = 0;  // these three only under `validate`
  std::uint64_t wrong_rcode = 0;
  std::uint64_t wrong_answers = 0;
  std::uint64_t truncated = 0;
  std::uint64_t rcodes[16] = {};

  std::uint64_t invalid() const { return wrong_question + wrong_rcode + wrong_answers; }
};

struct LoadResult {
  Counts counts;
  Histogram latency;   // of answered queries; under a rate, from when the query was due
  double seconds = 0;  // from the first query to the last answer in time
  // What the generator itself took, to tell whether it or the server was the limit. `idle_ns` was
  // spent looking for answers that were not there and sleeping; `cpu_ns` is the thread's.
  std::uint64_t idle_ns = 0;
  std::uint64_t cpu_ns = 0;

  // The share of the time in which the generator had something to do: near 1, it is the limit.
  double busy_share() const {
    return seconds > 0 ? 1 - static_cast<double>(idle_ns) / (seconds * 1e9) : 0;
  }
};

// Called once a second with what was counted so far and the seconds gone by.
using Progress = std::function<void(const LoadResult&)>;

class Generator {
 public:
  Generator(const LoadOptions& options, const QueryList& queries);
  ~Generator();

  // Opens the sockets.
  absl::Status Open();
  LoadResult Run(const Progress& progress);

 private:
  struct Socket;

  std::size_t NextQuery();
  unsigned Allowance(std::uint64_t now);
  unsigned Send(Socket& socket, unsigned count, std::uint64_t now);
  unsigned Receive(Socket& socket);
  void Accept(Socket& socket, std::span<const std::uint8_t> response, std::uint64_t now);
  bool Validate(std::span<const std::uint8_t> response, std::size_t query);
  void Expire(Socket& socket, std::uint64_t now);
  void StartCounting(std::uint64_t now);
  void Finish();
  void Sleep(std::uint64_t now);
  std::uint64_t NextDue() const;

  LoadOptions options_;
  const QueryList& queries_;
  std::vector<std::unique_ptr<Socket>> sockets_;
  std::uint64_t random_ = 0x9E3779B97F4A7C15U;
  std::size_t next_query_ = 0;
  std::size_t in_flight_ = 0;
  std::uint64_t started_ = 0;  // ns, where the rate counts from
  std::uint64_t due_ = 0;      // queries sent since
  std::uint64_t cpu_before_ = 0;
  std::vector<pollfd> polled_;  // the sockets, for Sleep
  LoadResult result_;
};

}  // namespace dnsload
