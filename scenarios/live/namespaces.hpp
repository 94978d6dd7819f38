/// One network namespace for each process of a scenario, joined by a bridge, so that ways between them can be cut; or
/// by a switch of ours, so that all else can happen to frames.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>

#include "kumasim/runtime/runtime.hpp"
#include "reference-cp/live/ethernet_switch.hpp"
#include "reference-cp/live/net_namespace.hpp"
#include "reference-cp/live/tcp.hpp"

namespace kumasim::scenario {

/// The namespaces and the bridge have no names outside and end with this object and the processes in them.
class Namespaces {
 public:
  /// Needs CAP_SYS_ADMIN and ip(8); `folder` is for scratch files. Runs the context for some milliseconds. `ethernet`,
  /// which takes this process's time, gets the processes in their order as ports, and starts; null: the kernel's
  /// bridge.
  static Result<std::unique_ptr<Namespaces>> create(const Runtime& runtime, asio::io_context& context,
                                                    const std::vector<std::string>& processes,
                                                    const std::filesystem::path& folder,
                                                    live::EthernetSwitch* ethernet = nullptr);

  /// An address that stands for all of these: each connection that a process makes to it goes to the next of them
  /// (nftables, as kube-proxy has them), and processes begin with different ones. Needs nft(8). REQUIRES: there are
  /// some.
  Result<std::string> add_service(const Runtime& runtime, asio::io_context& context,
                                  const std::vector<std::string>& processes);

  const std::string& address(const std::string& process) const { return nodes_.at(process)->address; }
  const live::NetNamespace& of(const std::string& process) const { return nodes_.at(process)->space; }
  /// A runtime whose connections begin in the process's namespace.
  Runtime& runtime(const std::string& process) { return nodes_.at(process)->runtime; }

  /// What one sends to the other is silently lost, until heal().
  Result<> cut(const std::string& from, const std::string& to) { return aim(from, to, false); }
  Result<> heal(const std::string& from, const std::string& to) { return aim(from, to, true); }

 private:
  struct Node {
    Node(live::NetNamespace made, const Runtime& outside, asio::io_context& context)
        : space(std::move(made)),
          network(context, &space),
          runtime{outside.executor, outside.clock, outside.random, outside.timers, network, outside.disk, outside.log} {
    }
    live::NetNamespace space;
    live::TcpNetwork network;
    Runtime runtime;
    int number = 0;
    std::string address, hardware;
  };

  Namespaces(live::NetNamespace hub, const std::filesystem::path& folder) : hub_(std::move(hub)), folder_(folder) {}
  /// Devices for all nodes, which are named eth0 and joined.
  Result<> join_by_bridge(const Runtime& runtime, asio::io_context& context);
  Result<> join_by_switch(const std::vector<std::string>& processes, live::EthernetSwitch& ethernet);
  Result<> aim(const std::string& from, const std::string& to, bool right);
  Result<> ip(const Runtime& runtime, asio::io_context& context, const live::NetNamespace& where,
              const std::string& commands);
  /// A program of that package with `option` and a file of commands.
  Result<> run(const Runtime& runtime, asio::io_context& context, const live::NetNamespace& where, const char* program,
               const char* package, const char* option, const std::string& commands);

  live::NetNamespace hub_;
  std::filesystem::path folder_;
  std::map<std::string, std::unique_ptr<Node>> nodes_;
  int services_ = 0;
};

}  // namespace kumasim::scenario
