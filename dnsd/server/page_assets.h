// The files of page/, built in: the page that the HTTP port shows.
#pragma once

#include <span>
#include <string_view>

namespace dnsd::server {

struct PageAsset {
  const char* path;  // "/page.css"
  const char* content_type;
  std::string_view body;
};

std::span<const PageAsset> PageAssets();

}  // namespace dnsd::server
