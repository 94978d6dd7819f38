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
  LogOptions log = {};               ///< unused where a log is handed over
};

/// Everything runs on the thread that runs the io_context. Writing to a closed connection is an error there, not a
/// signal (SIGPIPE is ignored from here on).
class LiveRuntime {
 public:
  /// With an io_context and a log of its own.
  explicit LiveRuntime(LiveOptions options = {});
  /// Both must outlive it.
  LiveRuntime(asio::io_context& context, Log& log, LiveOptions options = {});
  ~LiveRuntime();
  LiveRuntime(const LiveRuntime&) = delete;
  LiveRuntime& operator=(const LiveRuntime&) = delete;

  Runtime& runtime() { return runtime_; }
  asio::io_context& context() { return context_; }
  Log& log() { return runtime_.log; }

  /// Until stop(), or until nothing is pending.
  void run() { context_.run(); }
  /// Safe from any thread.
  void stop() { context_.stop(); }

 private:
  SystemClock clock_;
  SystemRandom random_;
  std::unique_ptr<SystemLog> own_log_;
  std::unique_ptr<asio::io_context> own_context_;
  asio::io_context& context_;
  SystemTimers timers_;
  TcpNetwork network_;
  DirectoryDisk disk_;
  Runtime runtime_;
};

}  // namespace kumasim::live
