/// Tokens of Dataplanes, as an operator revokes them: the ids of those that are no good stand in a Secret of the mesh
/// (Kuma's manual, "Token revocation").
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>

#include "scenarios/engine/mesh_operator.hpp"

namespace kumasim::scenario {

/// The id of a token; "" where it is none.
std::string token_id(const std::string& token);

class TokenRevocations {
 public:
  /// `refused` hears of what the control plane does not take. What is referred to must outlive it.
  TokenRevocations(MeshOperator& by, std::function<void(const std::string& mesh, const std::string& problem)> refused)
      : operator_(by), refused_(std::move(refused)) {}

  /// Of a mesh's tokens these are revoked, beside those that somebody else has revoked. One write after another.
  void set(const std::string& mesh, std::set<std::string> ids);

 private:
  struct Mesh {
    std::set<std::string> wanted, written;
    bool busy = false;
    bool again = false;
  };
  void write(const std::string& mesh);
  void written(const std::string& mesh, const std::string& problem);

  MeshOperator& operator_;
  std::function<void(const std::string&, const std::string&)> refused_;
  std::map<std::string, Mesh> meshes_;
};

}  // namespace kumasim::scenario
