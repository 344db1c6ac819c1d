#include "dnsd/server/service_manager.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>

namespace dnsd::server {
namespace {

TEST(ReadyFile, IsWrittenAsKeyValueLines) {
  const std::string path = testing::TempDir() + "ready." + std::to_string(getpid());
  ASSERT_TRUE(WriteReadyFile(path, {{"dns", "127.0.0.1:53"}, {"pid", "7"}}).ok());
  std::ifstream in(path);
  const std::string text{std::istreambuf_iterator<char>(in), {}};
  EXPECT_EQ(text, "dns=127.0.0.1:53\npid=7\n");
  EXPECT_FALSE(std::filesystem::exists(path + ".new"));
  RemoveReadyFile(path);
  EXPECT_FALSE(std::filesystem::exists(path));
}

TEST(ReadyFile, AFolderThatIsNotThereIsSaidSo) {
  const absl::Status status = WriteReadyFile("/no/such/folder/ready", {});
  EXPECT_NE(status.message().find("/no/such/folder/ready: No such file"), absl::string_view::npos)
      << status;
}

}  // namespace
}  // namespace dnsd::server
