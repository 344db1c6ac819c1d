// Octets as tests write them: in string literals, spelt out.
#pragma once

#include <cstdint>
#include <span>
#include <string>

namespace dnsd {

// Borrows `text`.
inline std::span<const std::uint8_t> Octets(const std::string& text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

inline std::string Text(std::span<const std::uint8_t> octets) {
  return {reinterpret_cast<const char*>(octets.data()), octets.size()};
}

// A label of `size` times the letter, its length octet before it.
inline std::string Label(std::size_t size, char letter = 'a') {
  return std::string(1, static_cast<char>(size)) + std::string(size, letter);
}

}  // namespace dnsd
