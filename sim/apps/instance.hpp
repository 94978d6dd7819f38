/// A simulated application: it listens beside its sidecar, takes its time, answers with its name and version.
#pragma once

#include <memory>
#include <string>

#include "kumasim/sim/world.hpp"
#include "sim/apps/law.hpp"

namespace kumasim::sim {

namespace proxy {
class Fabric;
}

struct InstanceOptions {
  std::string name = {};  ///< in answers; empty: the process's
  std::string version = {};
  std::string host = "127.0.0.1";  ///< the address it binds on its machine
  std::uint16_t port = 0;
  LatencyLaw latency = {};
  std::uint32_t errors_ppm = 0;  ///< of a million requests, how many are answered with 503
  int error_status = 503;
  std::uint32_t concurrency_max = 0;  ///< requests worked on at a time, more queue; zero: no limit
};

/// Lives in the process's current life; keep() it there. Answers 200 with headers x-instance and x-version.
class Instance {
 public:
  Instance(proxy::Fabric& fabric, Process& process, InstanceOptions options);
  ~Instance();
  Instance(const Instance&) = delete;
  Instance& operator=(const Instance&) = delete;

  void set_latency(LatencyLaw latency);
  void set_errors_ppm(std::uint32_t errors);
  std::uint64_t requests() const;

 private:
  class Server;
  std::unique_ptr<Server> server_;
};

}  // namespace kumasim::sim
