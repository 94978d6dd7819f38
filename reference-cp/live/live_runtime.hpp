/// The runtime of a program on this machine.
#pragma once

#include <memory>
#include <string>

#include <boost/asio/io_context.hpp>

#include "kumasim/runtime/runtime.hpp"
#include "reference-cp/live/clock.hpp"
#include "reference-cp/live/disk.hpp"
#include "reference-cp/live/log.hpp"
#include "reference-cp/live/tcp.hpp"

namespace kumasim::live {

struct LiveOptions {
  std::string data_directory = ".";  ///< the root of the runtime's disk
  LogOptions log = {};
};

/// Owns the io_context; everything runs on the thread that runs it. Writing to a closed connection is an error there, not
/// a signal (SIGPIPE is ignored from here on).
class LiveRuntime {
 public:
  explicit LiveRuntime(LiveOptions options = {});
  ~LiveRuntime();
  LiveRuntime(const LiveRuntime&) = delete;
  LiveRuntime& operator=(const LiveRuntime&) = delete;

  Runtime& runtime() { return runtime_; }
  asio::io_context& context() { return context_; }
  SystemLog& log() { return log_; }

  /// Until stop(), or until nothing is pending.
  void run() { context_.run(); }
  /// Safe from any thread.
  void stop() { context_.stop(); }

 private:
  SystemLog log_;
  SystemClock clock_;
  SystemRandom random_;
  asio::io_context context_;  // goes before what its coroutines use
  SystemTimers timers_;
  TcpNetwork network_;
  DirectoryDisk disk_;
  Runtime runtime_;
};

}  // namespace kumasim::live
