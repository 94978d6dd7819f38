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
    std::size_t count;
    std::size_t count_max;
  };

  /// Takes the blocks away at the thread's end. The array itself is still there: what is deleted later goes without it.
  struct Emptied {
    Blocks& blocks;
    ~Emptied() {
      while (blocks.count > 0) ::operator delete(blocks.at[--blocks.count]);
      blocks.count_max = 0;
    }
  };

  static Blocks& blocks() {
    static constinit thread_local Blocks blocks{{}, 0, blocks_max};
    static thread_local Emptied at_the_end{blocks};
    return blocks;
  }
};

}  // namespace kumasim
