/// Faults of a mesh's certificate authority: what an operator, or time, does to the secrets that hold it; in any world.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include <nlohmann/json.hpp>

#include "reference-cp/identity/certificate.hpp"
#include "scenarios/engine/resource_faults.hpp"

namespace kumasim::scenario {

/// Of a mesh with mutual TLS whose enabled backend keeps its certificate and key in secrets (builtin; provided by
/// secrets). What is asked of one mesh is done one after another.
class AuthorityFaults {
 public:
  /// `broke` is not used.
  using Hooks = ResourceFaults::Hooks;
  AuthorityFaults(MeshWorld& world, Hooks hooks) : world_(world), hooks_(std::move(hooks)) {}

  /// As MeshWorld has them, of kinds that strike authorities.
  void begin(const FaultOrder& order) { add(order, false); }
  /// The CA is as it was, unless another fault has replaced it since.
  void end(const FaultOrder& order) { add(order, true); }

 private:
  using json = nlohmann::json;

  /// The secrets of a CA and what they hold.
  struct Authority {
    std::string certificate_secret, key_secret;
    cp::KeyPair pair;  ///< its certificate may be several, of which the first one signs
  };
  struct Work {
    FaultOrder order;
    bool end = false;
  };
  /// A CA that ends: what it is while it does, and what it was.
  struct Expiring {
    std::string now, before;
  };

  void add(const FaultOrder& order, bool end);
  void go_on(const std::string& mesh);
  void done(const std::string& mesh);
  /// Calls `then` with the CA; not where there is none, which is told.
  void read(const std::string& mesh, std::function<void(Authority)> then);
  void read_data(const std::string& mesh, const std::string& secret, std::function<void(std::string)> then);
  void carry_out(const Work& work, Authority authority);
  void expire(const FaultOrder& order, Authority authority);
  void restore(const FaultOrder& order, Authority authority);
  void rotate(const FaultOrder& order, Authority authority);
  /// Puts the certificate, and then the key where it is another one.
  void put(const std::string& mesh, const Authority& was, const cp::KeyPair& pair);
  void put_data(const std::string& mesh, const std::string& secret, const std::string& data,
                std::function<void()> then);
  void give_up(const std::string& mesh, const std::string& why);

  MeshWorld& world_;
  Hooks hooks_;
  std::map<std::string, std::vector<Work>> work_;         // by mesh; the first goes on
  std::map<std::uint64_t, Expiring> expiring_;            // by the order's id
  std::map<std::uint64_t, cp::KeyPair> made_, replaced_;  // by the strike: the new CA, and the one before it
};

}  // namespace kumasim::scenario
