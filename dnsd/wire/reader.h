// Reading a DNS message without reading outside it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace dnsd::wire {

// A cursor over one DNS message that cannot read outside it. The first read past the end fails the
// reader: that read and every later one yields zero or an empty span. A parser reads a whole
// structure, then tests ok() once. Borrows `message`, which must outlive the reader. Never
// allocates or throws.
class Reader {
 public:
  explicit Reader(std::span<const std::uint8_t> message) : message_(message) {}

  std::uint8_t U8() { return static_cast<std::uint8_t>(Unsigned(1)); }
  std::uint16_t U16() { return static_cast<std::uint16_t>(Unsigned(2)); }  // to host order
  std::uint32_t U32() { return Unsigned(4); }                              // to host order

  std::span<const std::uint8_t> Bytes(std::size_t count) {
    if (!ok_ || count > message_.size() - offset_) {
      ok_ = false;
      return {};
    }
    offset_ += count;
    return message_.subspan(offset_ - count, count);
  }

  // What is not read yet; empty once the reader has failed.
  std::span<const std::uint8_t> Rest() const {
    return ok_ ? message_.subspan(offset_) : std::span<const std::uint8_t>{};
  }

  bool ok() const { return ok_; }
  std::size_t offset() const { return offset_; }
  std::size_t left() const { return message_.size() - offset_; }
  // What was read since `start`, an earlier offset().
  std::span<const std::uint8_t> Since(std::size_t start) const {
    return message_.subspan(start, offset_ - start);
  }

 private:
  std::uint32_t Unsigned(std::size_t width) {
    std::uint32_t value = 0;
    for (const std::uint8_t octet : Bytes(width)) value = value << 8 | octet;
    return value;
  }

  std::span<const std::uint8_t> message_;
  std::size_t offset_ = 0;  // never above message_.size()
  bool ok_ = true;
};

}  // namespace dnsd::wire
