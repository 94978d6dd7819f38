/// Memory of small objects that come and go with each operation, kept by each thread for the next one.
#pragma once

#include <array>
#include <cstddef>
#include <new>

namespace kumasim {

/// A base: its children are made and deleted in that memory. REQUIRES of them: at most bytes_max.
class Recycled {
 public:
  static constexpr std::size_t bytes_max = 128;

  static void* operator new(std::size_t) {
    auto& kept = blocks();
    return kept.count > 0 ? kept.at[--kept.count] : ::operator new(bytes_max);
  }

  static void operator delete(void* block) {
    auto& kept = blocks();
    if (kept.count < kept.count_max)
      kept.at[kept.count++] = block;
    else
      ::operator delete(block);
  }

 private:
#if defined(__has_feature) && __has_feature(address_sanitizer)
  static constexpr std::size_t blocks_max = 0;  // it is to see each use of what was deleted
#else
  static constexpr std::size_t blocks_max = 16;
#endif

  struct Blocks {
    std::array<void*, 16> at;
    std::size_t count = 0;
    std::size_t count_max = blocks_max;

    ~Blocks() {
      while (count > 0) ::operator delete(at[--count]);
      count_max = 0;  // what outlives the thread goes without
    }
  };

  static Blocks& blocks() {
    static thread_local Blocks blocks;
    return blocks;
  }
};

}  // namespace kumasim
