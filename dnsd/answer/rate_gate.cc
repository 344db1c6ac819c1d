#include "dnsd/answer/rate_gate.h"

namespace dnsd::answer {
namespace {

using wire::Rcode;

// What a response is an answer of, to the rate limits.
ResponseClass ClassOf(const wire::Query& query, const Response& response) {
  if (query.question.empty()) return ResponseClass::kError;
  switch (response.rcode()) {
    case Rcode::kNoError:
      if (response.has_answer()) return ResponseClass::kAnswer;
      if (!response.authoritative()) return ResponseClass::kReferral;
      return response.truncated() ? ResponseClass::kAnswer : ResponseClass::kNoData;
    case Rcode::kNxDomain:
      return ResponseClass::kNxDomain;
    default:
      return ResponseClass::kError;
  }
}

}  // namespace

void RateGate::Adopt(const Served& served) {
  if (!served.rate_limit) {
    limiter_.reset();
    limit_ = {};
  } else if (limiter_ == nullptr || limiter_->settings() != *served.rate_limit) {
    limiter_ = std::make_unique<RateLimiter>(*served.rate_limit, served.rate_limit_seed);
  }
}

void RateGate::LookAhead(const Exchange& exchange, const IpAddress& client) const {
  if (exchange.zone == nullptr) return;
  limiter_->Prefetch(client, {ResponseClass::kAnswer, exchange.hashes.of(0),
                              static_cast<std::uint16_t>(exchange.query.type)});
}

bool RateGate::IsOver(const wire::Query& query, ResponseClass response_class) {
  if (!limit_.verdict) {
    LimitSubject subject{response_class};
    if (response_class != ResponseClass::kError) subject.name_hash = limit_.name_hash;
    if (response_class == ResponseClass::kAnswer) {
      subject.type = static_cast<std::uint16_t>(query.type);
    }
    const Verdict verdict = limiter_->Judge(*limit_.client, subject, now_);
    if (verdict == Verdict::kDrop) stats_.rate_dropped.Add();
    if (verdict == Verdict::kSlip) stats_.rate_slipped.Add();
    limit_.verdict = limiter_->settings().dry_run ? Verdict::kSend : verdict;
  }
  return *limit_.verdict != Verdict::kSend;
}

// TC calls the client to TCP. An error calls nobody: it is small, and goes as it is.
bool RateGate::Passes(const wire::Query& query, Response& response) {
  const ResponseClass response_class = ClassOf(query, response);
  if (!IsOver(query, response_class)) return true;
  if (*limit_.verdict == Verdict::kDrop) return false;
  if (response_class != ResponseClass::kError || response.has_answer()) response.Empty();
  return true;
}

}  // namespace dnsd::answer
