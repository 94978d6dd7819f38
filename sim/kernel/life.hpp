/// One life of a process: its context, its chance, and the runtime that its code is handed.
#pragma once

#include <memory>
#include <vector>

#include "kumasim/runtime/runtime.hpp"
#include "kumasim/sim/executor.hpp"
#include "kumasim/sim/network.hpp"
#include "kumasim/sim/process.hpp"
#include "kumasim/sim/seeded_random.hpp"

namespace kumasim::sim {

class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(const Process& process) : process_(process) {}
  WallTime wall_now() const override;
  MonotonicTime now() const override;

 private:
  const Process& process_;
};

class VirtualTimers final : public Timers {
 public:
  explicit VirtualTimers(Context& context) : context_(context) {}
  MonotonicTime now() const override { return context_.kernel().now(); }
  asio::any_io_executor executor() override { return Executor(context_); }
  std::unique_ptr<TimerImpl> make_timer() override;

 private:
  Context& context_;
};

/// The network as one process sees it.
class NetworkView final : public Network {
 public:
  NetworkView(VirtualNetwork& network, Context& context, std::string address)
      : network_(network), context_(context), address_(std::move(address)) {}
  asio::awaitable<Stream> connect(Address address) override {
    return network_.connect(context_, address_, std::move(address));
  }
  Listener listen(Address address) override { return network_.listen(context_, address_, std::move(address)); }

 private:
  VirtualNetwork& network_;
  Context& context_;
  std::string address_;
};

class ProcessLog final : public Log {
 public:
  explicit ProcessLog(Process& process) : process_(process) {}
  void write(const LogRecord& record) override;
  bool enabled(LogLevel level) const override;

 private:
  Process& process_;
};

struct Life {
  Life(Process& process, std::uint64_t seed);
  ~Life();
  /// Ends it: destroys frames, then kept objects.
  void end();

  SeededRandom random;
  Context context;
  VirtualClock clock;
  VirtualTimers timers;
  NetworkView network;
  ProcessLog log;
  Runtime runtime;
  std::vector<std::shared_ptr<void>> kept;
};

}  // namespace kumasim::sim
