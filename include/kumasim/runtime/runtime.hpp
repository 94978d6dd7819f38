/// Everything that one process may touch of the world around it.
#pragma once

#include "kumasim/runtime/asio.hpp"
#include "kumasim/runtime/clock.hpp"
#include "kumasim/runtime/disk.hpp"
#include "kumasim/runtime/log.hpp"
#include "kumasim/runtime/network.hpp"
#include "kumasim/runtime/random.hpp"
#include "kumasim/runtime/timer.hpp"

namespace kumasim {

/// References to the world's parts. Hand on the narrowest part that is needed, seldom the whole.
struct Runtime {
  asio::any_io_executor executor;
  Clock& clock;
  Random& random;
  Timers& timers;
  Network& network;
  Disk& disk;
  Log& log;
};

}  // namespace kumasim
