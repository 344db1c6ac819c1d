#include "dnsd/base/printable.h"

namespace dnsd {

std::string Printable(const std::string& text) {
  std::string printable;
  printable.reserve(text.size());
  bool after_c2 = false;  // which leads U+0080 to U+00BF
  for (const char c : text) {
    const auto octet = static_cast<unsigned char>(c);
    const bool is_c1 = after_c2 && octet >= 0x80 && octet < 0xA0;
    if (is_c1) printable.pop_back();
    printable += octet < 0x20 || octet == 0x7F || is_c1 ? '?' : c;
    after_c2 = octet == 0xC2;
  }
  return printable;
}

}  // namespace dnsd
