// Why a member was chosen or not, in words.
#pragma once

#include <string>

#include "dnsd/answer/explain.h"

namespace dnsd::server {

const char* NameOf(zone::Policy policy);             // "least_cost", as the configuration has it
const char* NameOf(zone::AllDown rule);              // "last_good"
const char* NameOf(answer::Explanation::Kind kind);  // "site"
const char* NameOf(answer::Explanation::Rule rule);  // "policy"

// Why the answer is as it is, in one sentence without a full stop.
std::string WhyAnswered(const answer::Explanation& explanation);
// Why the member is answered, or is not. `state` and `reason`: its node's.
std::string WhyStanding(const answer::Explanation& explanation,
                        const answer::ExplainedMember& member, const std::string& state,
                        const std::string& reason);

}  // namespace dnsd::server
