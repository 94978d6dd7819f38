/// Certificates made in a test: an authority and leaves with SPIFFE names, EC P-256.
#pragma once

#include <memory>
#include <string>

#include "kumasim/runtime/time.hpp"

namespace kumasim::test {

struct Pem {
  std::string certificate;
  std::string key;
};

struct Validity {
  WallTime from = WallTime(std::chrono::seconds(1'767'225'600)) - std::chrono::hours(1);
  WallTime until = WallTime(std::chrono::seconds(1'767'225'600)) + std::chrono::hours(24);
};

class Authority {
 public:
  explicit Authority(const std::string& name, Validity validity = {});
  ~Authority();
  const std::string& bundle() const;
  Pem issue(const std::string& uri, Validity validity = {}) const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace kumasim::test
