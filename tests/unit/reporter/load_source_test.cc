#include "reporter/load_source.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/unit/reporter/fixture.h"

namespace dnsd::reporter {
namespace {

using namespace std::chrono_literals;

class ReadLoadFileTest : public testing::Test {
 protected:
  // A load file modified at this second.
  std::time_t Modified() {
    tree_.Write("/load.json", "{}");
    struct stat file {};
    EXPECT_EQ(stat(path_.c_str(), &file), 0);
    return file.st_mtim.tv_sec;
  }
  FixtureTree tree_;
  std::string path_ = tree_.root() + "/load.json";
};

TEST_F(ReadLoadFileTest, IsFreshUntilItsAge) {
  const std::time_t modified = Modified();
  EXPECT_EQ(*ReadLoadFile(path_, 60s, modified + 60), "{}");
  EXPECT_EQ(ReadLoadFile(path_, 60s, modified + 61).status().message(),
            "last modified more than 1m ago");
  EXPECT_TRUE(ReadLoadFile(path_, 60s, modified - 1000).ok()) << "a clock set back";
}

TEST_F(ReadLoadFileTest, IsNeverStaleUnlessAsked) {
  EXPECT_TRUE(ReadLoadFile(path_, 0s, Modified() + 1'000'000).ok());
}

TEST_F(ReadLoadFileTest, DoesNotBlockOnAFifo) {
  ASSERT_EQ(mkfifo(path_.c_str(), 0600), 0);
  EXPECT_EQ(ReadLoadFile(path_, 0s, 0).status().message(), "wanted a regular file");
  EXPECT_FALSE(ReadLoadFile(tree_.root(), 0s, 0).ok());
}

TEST_F(ReadLoadFileTest, TellsThatItIsMissing) {
  EXPECT_TRUE(absl::IsNotFound(ReadLoadFile(path_, 0s, 0).status()));
}

}  // namespace
}  // namespace dnsd::reporter
