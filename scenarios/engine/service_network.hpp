/// A name of several processes, as a Service of Kubernetes is one (kube-proxy, IPVS, round robin): each connection goes
/// to the next of them, and who refuses it is passed over.
#pragma once

#include <cstddef>
#include <string>
#include <utility>
#include <vector>

#include "kumasim/runtime/network.hpp"

namespace kumasim::scenario {

/// `next` is the place in `processes` of the first connection's.
struct ServiceName {
  std::string name;
  std::vector<std::string> processes;
  std::size_t next = 0;
};

/// The network as a process sees it that knows such a name; which is its turn is its own.
class ServiceNetwork final : public Network {
 public:
  /// `inner` must outlive it. REQUIRES: there are processes.
  ServiceNetwork(Network& inner, ServiceName service) : inner_(inner), service_(std::move(service)) {}

  asio::awaitable<Stream> connect(Address address) override;
  Listener listen(Address address) override { return inner_.listen(std::move(address)); }

 private:
  Network& inner_;
  ServiceName service_;
};

}  // namespace kumasim::scenario
