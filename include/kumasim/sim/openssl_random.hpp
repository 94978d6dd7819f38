/// OpenSSL's randomness while a world exists: the running process's own stream.
#pragma once

#include <functional>

#include "kumasim/runtime/random.hpp"

namespace kumasim::sim {

/// While at least one exists on a thread, OpenSSL on that thread draws from the one last activated; else from the
/// operating system. With it, keys and handshakes of a run are the seed's, byte for byte.
class OpensslRandom {
 public:
  explicit OpensslRandom(std::function<Random&()> source);
  ~OpensslRandom();
  OpensslRandom(const OpensslRandom&) = delete;
  OpensslRandom& operator=(const OpensslRandom&) = delete;

  void activate();

  Random& source() const { return source_(); }

 private:
  std::function<Random&()> source_;
};

}  // namespace kumasim::sim
