/// Servers on port 80 of many addresses that answer HTTP/1.1 by a script each, and nothing after its end.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "kumasim/runtime/error.hpp"

namespace kumasim::test {

/// What becomes of one request after the other: answered with a status, or, with 0, the connection is closed.
using AnswerScript = std::vector<int>;
using AnswerScripts = std::map<std::string, AnswerScript>;  ///< by address

class ScriptedServers {
 public:
  /// To be called inside of the network. One thread serves all of them until it is destroyed.
  static Result<std::unique_ptr<ScriptedServers>> start(AnswerScripts scripts);
  ~ScriptedServers();

  /// Each script is over, and one request more has come to each. May be called from any thread.
  bool all_over() const;

 private:
  struct State;
  explicit ScriptedServers(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace kumasim::test
