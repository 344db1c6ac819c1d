// Vectors for large tables that are read at random.
#pragma once

#include <sys/mman.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>
#include <vector>

namespace dnsd {

// Asks for huge pages where there is much to hold: a look-up then misses the caches, but not the
// page table too.
template <typename T>
class HugeAllocator {
 public:
  using value_type = T;

  HugeAllocator() = default;
  template <typename U>
  HugeAllocator(const HugeAllocator<U>&) {}  // NOLINT: allocators convert

  T* allocate(std::size_t count) {
    if (count > static_cast<std::size_t>(PTRDIFF_MAX) / sizeof(T))
      throw std::bad_array_new_length();
    const std::size_t octets = count * sizeof(T);
    const std::size_t unit = octets < kHuge ? alignof(std::max_align_t) : kPage;
    const std::size_t alignment = std::max(alignof(T), unit);
    void* memory = std::aligned_alloc(alignment, (octets + alignment - 1) / alignment * alignment);
    if (memory == nullptr) throw std::bad_alloc();
    if (octets >= kHuge) madvise(memory, octets, MADV_HUGEPAGE);  // a wish: may fail
    return static_cast<T*>(memory);
  }
  void deallocate(T* memory, std::size_t) { std::free(memory); }

  friend bool operator==(const HugeAllocator&, const HugeAllocator&) { return true; }

 private:
  static constexpr std::size_t kPage = std::size_t{2} << 20;
  static constexpr std::size_t kHuge = 2 * kPage;
};

template <typename T>
using HugeVector = std::vector<T, HugeAllocator<T>>;

}  // namespace dnsd
