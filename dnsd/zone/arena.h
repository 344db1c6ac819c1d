// The memory of a zone: octets that grow at their end until the zone is complete.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <new>

namespace dnsd::zone {

// Pieces of memory, numbered in words of four octets: a piece of several megabytes moves without
// being copied (mremap), and a number takes four octets where a pointer takes eight. Numbers start
// at 1. Holds types that may be copied as octets only, aligned to four.
class Arena {
 public:
  using Index = std::uint32_t;

  // A new piece of `octets`; its last word is filled with zeros. Moves all pieces.
  Index Add(std::size_t octets) {
    const std::size_t words = (octets + kWord - 1) / kWord;
    if (size_ + words > capacity_) Resize(2 * (size_ + words));
    const std::size_t index = size_;
    size_ += words;
    if (words > 0) std::memset(octets_.get() + (size_ - 1) * kWord, 0, kWord);
    return static_cast<Index>(index);
  }

  const std::uint8_t* at(Index index) const { return octets_.get() + std::size_t{index} * kWord; }
  std::uint8_t* at(Index index) { return octets_.get() + std::size_t{index} * kWord; }

  // The first number not given yet: the words in use, and one.
  std::size_t end() const { return size_; }

  // Makes room for pieces of so many octets together; they will not move until it is used up.
  void Reserve(std::size_t octets) { Resize(size_ + octets / kWord); }
  void Shrink() { Resize(size_); }

 private:
  static constexpr std::size_t kWord = 4;
  // Above this, in octets, huge pages are asked for: a lookup in a million names then misses
  // memory, but not the page table too.
  static constexpr std::size_t kHuge = std::size_t{4} << 20;

  struct Free {
    void operator()(void* memory) const { std::free(memory); }
  };

  void Resize(std::size_t words) {
    void* moved = std::realloc(octets_.get(), words * kWord);
    if (moved == nullptr) throw std::bad_alloc();
    static_cast<void>(octets_.release());
    octets_.reset(static_cast<std::uint8_t*>(moved));
    capacity_ = words;
    if (words * kWord >= kHuge) AskForHugePages();
  }

  void AskForHugePages() {
    constexpr std::uintptr_t kPage = 4096;
    const auto first = reinterpret_cast<std::uintptr_t>(octets_.get());
    const std::uintptr_t from = (first + kPage - 1) / kPage * kPage;
    const std::uintptr_t to = (first + capacity_ * kWord) / kPage * kPage;
    madvise(reinterpret_cast<void*>(from), to - from, MADV_HUGEPAGE);  // a wish: may fail
  }

  std::unique_ptr<std::uint8_t[], Free> octets_;
  std::size_t capacity_ = 0;  // words
  std::size_t size_ = 1;      // words, the unused first among them
};

}  // namespace dnsd::zone
