/// Faults of a mesh's certificate authority: what an operator, or time, does to the secrets that hold it; in any world.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <nlohmann/json.hpp>

#include "reference-cp/identity/certificate.hpp"
#include "scenarios/engine/resource_faults.hpp"

namespace kumasim::scenario {

/// Of a mesh with mutual TLS whose enabled backend keeps its certificate and key in secrets (builtin; provided by
/// secrets). What is asked of one mesh is done one after another, each to what the secrets hold by then.
class AuthorityFaults {
 public:
  /// `broke` is not used.
  using Hooks = ResourceFaults::Hooks;
  AuthorityFaults(MeshWorld& world, Hooks hooks) : world_(world), hooks_(std::move(hooks)) {}

  /// As MeshWorld has them, of kinds that strike authorities.
  void begin(const FaultOrder& order);
  /// The CA is as it was, or as another fault that goes on makes it, unless it has been exchanged since.
  void end(const FaultOrder& order);

 private:
  using json = nlohmann::json;

  /// The secrets of a CA and what they hold: certificates, of which the first one signs, and its key.
  struct Authority {
    std::string certificate_secret, key_secret;
    std::vector<std::string> certificates;
    std::string key;
  };
  enum class Step : std::uint8_t { expire, restore, exchange, trust, sign, forget };
  struct Work {
    FaultOrder order;
    Step step;
  };
  /// A certificate that ends in place of another one.
  struct Expiring {
    std::string now, before;
  };
  struct Rotation {
    cp::KeyPair fresh;
    std::string old;  ///< certificate
    std::pair<std::string, std::string> secrets;
  };

  void add(Work work);
  void go_on(const std::string& mesh);
  void done(const std::string& mesh);
  void give_up(const Work& work, const std::string& why);
  /// Calls `then` with the CA; not where there is none.
  void read(const Work& work, std::function<void(Authority)> then);
  void read_data(const Work& work, const std::string& secret, std::function<void(std::string)> then);
  void carry_out(const Work& work, Authority now);
  void expire(const Work& work, Authority now);
  void restore(const Work& work, Authority now);
  void rotate(const Work& work, Authority now);
  /// Puts the certificates, and then the key where it is another one.
  void put(const Work& work, const Authority& was, const Authority& next);
  void put_data(const Work& work, const std::string& secret, const std::string& data, std::function<void()> then);
  /// The step was taken: the next one of a rotation comes after its pause.
  void taken(const Work& work);

  MeshWorld& world_;
  Hooks hooks_;
  std::map<std::string, std::vector<Work>> work_;  // by mesh; the first goes on
  std::map<std::uint64_t, Expiring> expiring_;     // by the order's id
  std::map<std::uint64_t, Rotation> rotations_;    // by the order's id
};

}  // namespace kumasim::scenario
