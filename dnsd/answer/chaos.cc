#include "dnsd/answer/chaos.h"

#include <algorithm>
#include <string_view>

namespace dnsd::answer {
namespace {

bool Is(const wire::Name& name, std::string_view wire) {
  const auto octets = name.wire();
  return std::equal(octets.begin(), octets.end(), wire.begin(), wire.end(),
                    [](std::uint8_t a, char b) { return a == static_cast<std::uint8_t>(b); });
}

using std::string_view_literals::operator""sv;

}  // namespace

std::string ChaosTexts::Rdata(const std::string& text) {
  return text.empty() ? "" : static_cast<char>(text.size()) + text;
}

std::span<const std::uint8_t> ChaosTexts::Find(const wire::Query& query) const {
  if (query.type != wire::RrType::kTxt && query.type != wire::RrType::kAny) return {};
  const wire::Name& name = query.name;
  const std::string* rdata = nullptr;
  if (Is(name, "\7version\4bind\0"sv) || Is(name, "\7version\6server\0"sv)) {
    rdata = &version_;
  } else if (Is(name, "\10hostname\4bind\0"sv) || Is(name, "\2id\6server\0"sv)) {
    rdata = &identity_;
  } else {
    return {};
  }
  return {reinterpret_cast<const std::uint8_t*>(rdata->data()), rdata->size()};
}

}  // namespace dnsd::answer
