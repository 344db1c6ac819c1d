// Sites that lack replicas, and why Decide gives them none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/policy/placement_states.h"

namespace dnsd::policy {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A site of 100 octets on node 0 alone, of four.
PlacementState Short() {
  return {.nodes = Nodes(4), .sites = {{.replicas = {Ready(0)}, .bytes = 100}}};
}

std::vector<std::string> Whys(const PlacementState& state) {
  std::vector<PlacementShortage> shortages;
  Decide(state, {}, kNow, &shortages);
  std::vector<std::string> whys;
  for (const PlacementShortage& shortage : shortages) whys.push_back(shortage.why);
  return whys;
}

TEST(PlacementShortage, TellsWhatIsAgainstEachOtherNode) {
  PlacementState state = Short();
  EXPECT_THAT(Whys(state), IsEmpty()) << "it is given one";
  state.nodes[1].quota = 1000;
  state.nodes[1].used = 901;
  state.sites[0].barred = {2};
  state.nodes[3].takes = false;
  EXPECT_THAT(Whys(state),
              ElementsAre("1 of its least of 2 replicas are left; of the other nodes 1 "
                          "full, 1 where it has just failed, 1 away, drained or "
                          "without hooks"));
  state.nodes[1].used = 900;
  EXPECT_THAT(Whys(state), IsEmpty()) << "it fits";
}

TEST(PlacementShortage, TellsOfAPoolThatIsTooSmall) {
  PlacementState state = Short();
  state.sites[0].pool = std::make_shared<const std::vector<std::uint32_t>>(1, 0U);
  EXPECT_THAT(Whys(state),
              ElementsAre("1 of its least of 2 replicas are left; no other node may have it"));
}

TEST(PlacementShortage, TellsWhereThereIsNothingToCopyFrom) {
  PlacementState state = Short();
  state.sites[0].replicas[0].phase = ReplicaPhase::kUnwell;
  state.sites[0].replicas[0].since = kNow;
  EXPECT_THAT(Whys(state),
              ElementsAre("1 of its least of 2 replicas are left; there is nothing to copy from"));
}

TEST(PlacementShortage, DoesNotTellOfWhatIsOnlyPutOff) {
  PlacementState state = Short();
  state.sites[0].frozen = true;
  EXPECT_THAT(Whys(state), IsEmpty()) << "by the operator's word";
  state.sites[0].frozen = false;
  PlacementSite coming = state.sites[0];
  coming.replicas.push_back(In(1, ReplicaPhase::kComing));
  state.sites = std::vector<PlacementSite>(100, coming);  // many under way at node 1
  EXPECT_THAT(Whys(state), IsEmpty());
}

TEST(PlacementShortage, TellsOfAHundredAtMost) {
  PlacementState state = Short();
  for (std::uint32_t node = 1; node < 4; ++node) state.nodes[node].takes = false;
  state.sites = std::vector<PlacementSite>(101, state.sites[0]);
  EXPECT_THAT(Whys(state), SizeIs(100));
  state.sites.resize(99);
  EXPECT_THAT(Whys(state), SizeIs(99));
}

}  // namespace
}  // namespace dnsd::policy
