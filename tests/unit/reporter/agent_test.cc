#include "reporter/agent.h"

#include <gtest/gtest.h>

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;

heartbeat::v1::Load Cpu(double utilization) {
  heartbeat::v1::Load load;
  load.set_cpu_utilization(utilization);
  return load;
}

TEST(HasMoved, AFifthOfTheCapacityIsAMove) {
  EXPECT_TRUE(HasMoved(Cpu(0.5), Cpu(0.7)));
  EXPECT_TRUE(HasMoved(Cpu(0.5), Cpu(0.3)));
  EXPECT_FALSE(HasMoved(Cpu(0.5), Cpu(0.699)));
}

TEST(HasMoved, CountsWhatTheApplicationSaysOfItself) {
  heartbeat::v1::Load busy = Cpu(0.5);
  busy.set_application_utilization(0.2);
  EXPECT_TRUE(HasMoved(Cpu(0.5), busy));
}

TEST(WaitForTurn, LeavesAFifthOfASecondBetweenReports) {
  const MonotonicTime beat{1h};
  EXPECT_EQ(WaitForTurn(beat, beat), 200ms);
  EXPECT_EQ(WaitForTurn(beat, beat + 150ms), 50ms);
  EXPECT_EQ(WaitForTurn(beat, beat + 200ms), 0ms);
  EXPECT_EQ(WaitForTurn(beat, beat + 1h), 0ms);
  EXPECT_EQ(WaitForTurn(MonotonicTime(), MonotonicTime(1000h)), 0ms) << "none has gone";
}

TEST(GrpcTarget, LooksUpNamesOnly) {
  EXPECT_EQ(GrpcTarget("127.0.0.1:5380"), "ipv4:127.0.0.1:5380");
  EXPECT_EQ(GrpcTarget("[::1]:5380"), "ipv6:[::1]:5380");
  EXPECT_EQ(GrpcTarget("ns1.example:5380"), "dns:///ns1.example:5380");
}

}  // namespace
}  // namespace dnsd::reporter
