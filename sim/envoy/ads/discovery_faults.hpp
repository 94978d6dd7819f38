/// What can go wrong with a proxy's side of a discovery stream: a filter of its messages. The client behind it is the
/// one that is always there, and refuses, acknowledges and asks by itself.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "kumasim/runtime/clock.hpp"
#include "sim/envoy/config/resource.hpp"

namespace kumasim::sim::proxy {

/// A response of these types arrives broken, once; then the stream ends.
struct Goaway {
  std::set<Type> types;
  std::shared_ptr<bool> struck = std::make_shared<bool>(false);  ///< in this life of the proxy or an earlier one

  bool operator==(const Goaway&) const = default;
};

/// All that is wrong at a time, each for these types. Lost removals and the identity are no matter
/// of messages, and not the filter's.
struct DiscoveryFaults {
  std::set<Type> nack = {};  ///< resources of responses arrive broken: the client refuses them
  std::vector<Goaway> goaway = {};
  std::set<Type> lost = {};                       ///< answers to responses are lost
  std::set<Type> withheld = {};                   ///< they go out at the end only
  std::set<Type> old_nonce = {};                  ///< they name the response before the last one
  std::map<Type, Duration> late = {};             ///< requests go out so much later
  std::set<Type> twice = {};                      ///< requests go out twice
  std::map<Type, Duration> storm = {};            ///< the subscription is sent again and again, so often
  std::map<Type, std::set<Type>> behind = {};     ///< responses are handled after one of these other types
  std::set<Type> removals_lost = {};              ///< what is removed stays, as ConfigState::hold_removals() has it
  std::optional<Duration> churn = {};             ///< the stream ends so often
  bool old_trust = false;                         ///< new trust bundles are taken, and used at the end only
  bool old_certificate = false;                   ///< the same with certificates
  std::optional<Duration> late_certificate = {};  ///< certificates are used so much later
  ChainPtr identity = {};                         ///< shown in place of its own, as ConfigState::show_identity() has it

  bool none() const { return *this == DiscoveryFaults(); }
  bool operator==(const DiscoveryFaults&) const = default;
};

/// What is to be done now, in this order.
struct DiscoveryActions {
  std::vector<std::string> receive;  ///< responses for the client, whose requests go through outgoing()
  std::vector<Type> ask_again;       ///< the client's subscription of the type goes through outgoing()
  std::vector<std::string> send;     ///< requests for the server
  std::vector<MonotonicTime> wake;   ///< on_time() is to be called then
  bool hang_up = false;              ///< the stream ends, once what was sent has left
};

class DiscoveryFilter {
 public:
  /// `secrets` are those that the client has, by name.
  explicit DiscoveryFilter(bool delta, std::set<std::string> secrets = {})
      : delta_(delta), secrets_in_use_(std::move(secrets)) {}

  /// From now on this is wrong and no more: what is held for another reason goes on.
  DiscoveryActions set(DiscoveryFaults faults, MonotonicTime now);
  /// Bytes that do not decode go on as they are.
  DiscoveryActions incoming(std::string response, MonotonicTime now);
  DiscoveryActions outgoing(std::vector<std::string> requests, MonotonicTime now);
  DiscoveryActions on_time(MonotonicTime now);
  /// A request for a type that nobody knows.
  DiscoveryActions ask_unknown() const;
  /// What was held of the stream is gone with it; secrets are not.
  void on_disconnected();

 private:
  struct Late {
    MonotonicTime due;
    Type type;
    std::string bytes;
  };
  /// A secret that was acknowledged and is not in use yet.
  struct Held {
    bool trust = false;  ///< a trust bundle, not a certificate
    std::optional<MonotonicTime> due;
    std::string bytes;  ///< of the resource as the response had it
  };

  template <class Response>
  DiscoveryActions hear(std::string bytes, MonotonicTime now);
  template <class Response>
  void hold_secrets(Response& response, MonotonicTime now, DiscoveryActions& actions);
  template <class Response>
  std::string release(const std::vector<std::string>& names);
  template <class Request>
  void speak(std::string bytes, MonotonicTime now, DiscoveryActions& actions);
  /// Of a trust bundle or a certificate: a later one of the name replaces none that the client has.
  bool keeps_old(const std::string& name, bool trust) const;
  bool holds(const std::string& name, bool trust) const;
  bool struck_by_goaway(Type type);
  void release_secrets(MonotonicTime now, DiscoveryActions& actions);
  void let_pass(const std::set<Type>& handled, DiscoveryActions& actions);
  /// Storms and churn go on from `now`.
  void begin_periods(MonotonicTime now, DiscoveryActions& actions);

  bool delta_;
  DiscoveryFaults faults_;
  std::map<Type, std::pair<std::string, std::string>> nonces_;  ///< the last one and the one before it
  std::map<Type, std::set<std::string>> unanswered_;            ///< nonces
  std::map<Type, std::vector<std::string>> owed_;               ///< requests that go out at the end
  std::map<Type, std::vector<std::string>> waiting_;            ///< responses behind those of another type
  std::deque<Late> late_;
  std::set<std::string> secrets_in_use_;
  std::map<std::string, Held> secrets_;  ///< by name
  std::string secret_version_;           ///< of the last response with secrets
  std::map<Type, MonotonicTime> storm_at_;
  std::optional<MonotonicTime> churn_at_;
};

}  // namespace kumasim::sim::proxy
