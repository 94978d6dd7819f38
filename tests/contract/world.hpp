/// The two worlds that every contract of the seam is tested in.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/runtime/task.hpp"

namespace kumasim::testing {

using namespace std::chrono_literals;

/// A world with one process; `run` drives the body to its end or fails the test after a minute of the world's time.
class ContractWorld {
 public:
  using Body = std::function<asio::awaitable<void>(Runtime&)>;
  virtual ~ContractWorld() = default;
  virtual void run(Body body) = 0;
};

std::unique_ptr<ContractWorld> make_simulated();
std::unique_ptr<ContractWorld> make_live();

/// An exception that leaves the body is a failure with its text.
asio::awaitable<void> guarded(ContractWorld::Body body, Runtime& runtime, bool& done);

struct WorldKind {
  const char* name;
  std::unique_ptr<ContractWorld> (*make)();
};

inline const WorldKind world_kinds[] = {{"simulated", make_simulated}, {"live", make_live}};

class Contract : public ::testing::TestWithParam<WorldKind> {
 protected:
  void run(ContractWorld::Body body) { GetParam().make()->run(std::move(body)); }
};

inline std::string world_name(const ::testing::TestParamInfo<WorldKind>& info) { return info.param.name; }

}  // namespace kumasim::testing
