/// The runtime of a program on this machine.
#pragma once

#include <memory>
#include <string>

#include "kumasim/runtime/runtime.hpp"
#include "reference-cp/live/clock.hpp"
#include "reference-cp/live/disk.hpp"
#include "reference-cp/live/tcp.hpp"

namespace kumasim::live {

struct LiveOptions {
  std::string data_directory = ".";  ///< the root of the runtime's disk
};

/// Everything runs on the thread that runs `context`.
class LiveRuntime {
 public:
  LiveRuntime(asio::io_context& context, Log& log, LiveOptions options = {});
  LiveRuntime(const LiveRuntime&) = delete;
  LiveRuntime& operator=(const LiveRuntime&) = delete;

  Runtime& runtime() { return runtime_; }

 private:
  SystemClock clock_;
  SystemRandom random_;
  SystemTimers timers_;
  TcpNetwork network_;
  DirectoryDisk disk_;
  Runtime runtime_;
};

}  // namespace kumasim::live
