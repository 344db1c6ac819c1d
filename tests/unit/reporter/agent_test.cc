#include "reporter/agent.h"

#include <gtest/gtest.h>

namespace dnsd::reporter {
namespace {

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

TEST(GrpcTarget, LooksUpNamesOnly) {
  EXPECT_EQ(GrpcTarget("127.0.0.1:5380"), "ipv4:127.0.0.1:5380");
  EXPECT_EQ(GrpcTarget("[::1]:5380"), "ipv6:[::1]:5380");
  EXPECT_EQ(GrpcTarget("ns1.example:5380"), "dns:///ns1.example:5380");
}

}  // namespace
}  // namespace dnsd::reporter
