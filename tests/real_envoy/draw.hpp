/// Draws of a generator from one seed: the same seed draws the same.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <utility>
#include <vector>

#include "kumasim/sim/seeded_random.hpp"

namespace kumasim::test {

class Draw {
 public:
  explicit Draw(std::uint64_t seed) : random_(seed) {}

  /// In [least, most].
  std::uint64_t between(std::uint64_t least, std::uint64_t most) { return least + random_.below(most - least + 1); }
  bool percent(unsigned chance) { return random_.below(100) < chance; }
  std::uint64_t word() { return random_.next(); }

  std::string one_of(std::initializer_list<const char*> texts) { return texts.begin()[random_.below(texts.size())]; }
  /// REQUIRES: `all` is not empty.
  template <class T>
  const T& one_of(const std::vector<T>& all) {
    return all[random_.below(all.size())];
  }
  template <class T>
  void shuffle(std::vector<T>& all) {
    for (std::size_t i = all.size(); i > 1; --i) {
      auto j = random_.below(i);
      std::swap(all[i - 1], all[j]);
    }
  }
  /// `count` different ones in a drawn order, or all where there are fewer.
  template <class T>
  std::vector<T> some(std::vector<T> from, std::size_t count) {
    shuffle(from);
    if (from.size() > count) from.resize(count);
    return from;
  }

 private:
  sim::SeededRandom random_;
};

}  // namespace kumasim::test
