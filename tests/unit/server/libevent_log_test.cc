#include "dnsd/server/libevent_log.h"

#include <event2/event.h>
#include <event2/event_struct.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>

#include <algorithm>
#include <memory>
#include <sstream>

#include "dnsd/base/log.h"

namespace dnsd::server {
namespace {

TEST(LibeventLog, AFloodOfMessagesIsAFewLinesOfOurs) {
  std::ostringstream out;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(std::make_shared<spdlog::logger>(
      "test", std::make_shared<spdlog::sinks::ostream_sink_mt>(out)));
  RouteLibeventLog();
  event nobody_s{};
  for (int i = 0; i < 1000; ++i) event_add(&nobody_s, nullptr);  // it has no base: a warning
  event_set_log_callback(nullptr);
  spdlog::set_default_logger(before);
  const std::string text = out.str();
  EXPECT_NE(text.find("libevent: "), std::string::npos);
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 5) << text;
}

}  // namespace
}  // namespace dnsd::server
