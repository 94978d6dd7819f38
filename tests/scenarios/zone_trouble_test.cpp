/// What a fault does to Global's store: what is tried again, and what ends it.
#include "scenarios/engine/zone_trouble.hpp"

#include <gtest/gtest.h>

#include "tests/app/cp_parts.hpp"

namespace kumasim::scenario {
namespace {

using cp::testing::Parts;
using cp::testing::run_in_world;

/// The store gives `code` for the first operations of this many.
void fail_first(Parts& parts, int many, Code code) {
  auto left = std::make_shared<int>(many);
  parts.store->trouble = [left, code](std::string_view, const cp::Kind&,
                                      const cp::ResourceKey&) -> std::optional<Error> {
    if ((*left)-- <= 0) return std::nullopt;
    return Error{code, "not now"};
  };
}

TEST(StoreWork, IsTriedAgainWhereTheErrorMayPass) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    co_await parts.write({{"type", "Zone"}, {"name", "west"}});
    for (Code code : {Code::conflict, Code::unavailable, Code::resource_exhausted}) {
      fail_first(parts, 3, code);
      StoreWork put = put_refused_policy("default", true);
      EXPECT_TRUE(co_await put(*parts.store, parts.runtime)) << to_string(code);
    }
    fail_first(parts, 3, Code::conflict);
    StoreWork remove = remove_zone_of("west");
    EXPECT_TRUE(co_await remove(*parts.store, parts.runtime));
    EXPECT_FALSE(co_await parts.has(cp::kind::zone(), "", "west"));
  });
}

TEST(StoreWork, EndsWithAnyOtherError) {
  run_in_world([](Parts& parts) -> asio::awaitable<void> {
    co_await parts.write({{"type", "Zone"}, {"name", "west"}});
    for (const StoreWork& work : {put_refused_policy("default", true), remove_zone_of("west")}) {
      fail_first(parts, 1, Code::data_loss);
      Result<> done = co_await work(*parts.store, parts.runtime);
      EXPECT_FALSE(done);
      if (!done) EXPECT_EQ(done.error().code, Code::data_loss);
    }
  });
}

}  // namespace
}  // namespace kumasim::scenario
