/// OnceFunction: inline and boxed targets, call once, destroy once, storage free before the call.
#include "kumasim/runtime/function.hpp"

#include <array>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace kumasim {
namespace {

using Function = OnceFunction<void(int), 64>;

struct Tracker {
  int* alive;
  explicit Tracker(int* count) : alive(count) { ++*alive; }
  Tracker(Tracker&& other) noexcept : alive(other.alive) { ++*alive; }
  Tracker(const Tracker&) = delete;
  ~Tracker() { --*alive; }
};

TEST(OnceFunction, CallsItsTargetOnce) {
  int sum = 0;
  Function add([&sum](int n) { sum += n; });
  EXPECT_TRUE(add);
  add(5);
  EXPECT_FALSE(add);
  EXPECT_EQ(sum, 5);
}

TEST(OnceFunction, DestroysInlineAndBoxedTargetsOnce) {
  int alive = 0;
  {
    std::array<char, 200> ballast{};
    Function small([t = Tracker(&alive)](int) {});
    Function big([t = Tracker(&alive), ballast](int) { (void)ballast; });
    EXPECT_EQ(alive, 2);
    Function moved(std::move(big));
    EXPECT_FALSE(big);
    EXPECT_EQ(alive, 2);
    moved(1);
    EXPECT_EQ(alive, 1);
    small = Function([t = Tracker(&alive)](int) {});
    EXPECT_EQ(alive, 1);
  }
  EXPECT_EQ(alive, 0);
}

TEST(OnceFunction, UsesTheMemoryOfABoxAgain) {
  struct Big : Recycled {
    std::array<char, 100> bytes{};
  };
  auto* first = new Big;
  delete first;
  auto* second = new Big;
#if !defined(__has_feature) || !__has_feature(address_sanitizer)
  EXPECT_EQ(second, first);
#endif
  delete second;
  // More than are kept, and boxes that are too big for that memory.
  std::vector<Function> many;
  int calls = 0;
  std::array<char, 100> ballast{};
  std::array<char, 1000> more{};
  for (int i = 0; i < 40; ++i) {
    many.emplace_back([&calls, ballast](int) { calls += 1 + ballast[0]; });
    many.emplace_back([&calls, more](int) { calls += 1 + more[0]; });
  }
  for (auto& each : many) each(0);
  EXPECT_EQ(calls, 80);
}

TEST(OnceFunction, GivesABoxBackWhoseTargetCannotBeMade) {
  struct Throws {
    std::array<char, 100> bytes{};
    Throws() = default;
    Throws(const Throws&) { throw 1; }
    void operator()(int) {}
  };
  const Throws throws;
  EXPECT_THROW(Function{throws}, int);
}

TEST(OnceFunction, MayBeReplacedByItsOwnTarget) {
  std::string said;
  Function function;
  function = Function([&](int) {
    said += 'a';
    function.emplace([&](int) { said += 'b'; });
  });
  function(0);
  ASSERT_TRUE(function);
  function(0);
  EXPECT_EQ(said, "ab");
  EXPECT_FALSE(function);
}

TEST(OnceFunction, ABoxedTargetOutlivesTheFunctionThatItDestroys) {
  int alive = 0;
  auto function = std::make_unique<Function>();
  std::array<char, 100> ballast{};
  *function = Function([&, t = Tracker(&alive), ballast](int) {
    function.reset();
    EXPECT_EQ(alive, 1 + ballast[0]);
  });
  (*function)(0);
  EXPECT_EQ(alive, 0);
}

TEST(OnceFunction, MakesItsTargetInPlace) {
  struct Adds {
    int& sum;
    std::array<char, 100> ballast{};
    explicit Adds(int& to) : sum(to) {}
    Adds(const Adds&) = delete;
    void operator()(int n) { sum += n; }
  };
  int sum = 0;
  Function add(std::in_place_type<Adds>, sum);
  add(3);
  EXPECT_EQ(sum, 3);
}

}  // namespace
}  // namespace kumasim
