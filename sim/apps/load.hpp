/// Open-loop load: calls start by the clock, however long the answers take.
#pragma once

#include <memory>

#include "sim/apps/client.hpp"

namespace kumasim::sim {

struct LoadOptions {
  Call call;
  std::uint64_t per_second_milli = 1'000;  ///< a thousand is one call a second
  enum class Law : std::uint8_t { constant, poisson } law = Law::constant;
  Duration start_after = {};
  Duration duration = {};  ///< zero: until the life ends
};

/// Lives in the process's current life; keep() it there.
class Load {
 public:
  Load(proxy::Fabric& fabric, Process& process, LoadOptions options, CallSink sink);
  ~Load();
  Load(const Load&) = delete;
  Load& operator=(const Load&) = delete;

  std::uint64_t started() const;
  /// From the next call on.
  void set_rate(std::uint64_t per_second_milli);
  void stop();

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace kumasim::sim
