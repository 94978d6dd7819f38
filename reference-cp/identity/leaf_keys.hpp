/// The private keys of certificates that are issued to proxies: each for one certificate.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "reference-cp/identity/certificate.hpp"

namespace kumasim::cp {

/// Without I/O: who is in the queue is served by the owner, who makes keys where they hold up nobody (decision 0011).
/// Holders are names that differ from each other.
class LeafKeys {
 public:
  enum class Made { on_the_spot, beside };

  explicit LeafKeys(KeySpec spec, Made where = Made::on_the_spot) : spec_(spec), where_(where) {}

  KeySpec spec() const { return spec_; }

  /// A key that nobody has had. nullptr: there is none yet; the holder is in the queue, and can take its own after
  /// put(). An error is OpenSSL's.
  Result<PrivateKeyPtr> take(const std::string& holder);
  /// Who went without a key since the last call.
  std::vector<std::string> take_lacking();

  /// Whose key is to be made next; nullptr: nobody waits. It stays the next one until put(), defer() or forget().
  const std::string* next() const { return queue_.empty() ? nullptr : &queue_.begin()->second; }
  /// Without effect where the holder waits no longer.
  void put(const std::string& holder, PrivateKeyPtr key);
  /// Behind all who wait, where it waits: its key could not be made.
  void defer(const std::string& holder);
  /// The holder wants no key any more.
  void forget(const std::string& holder);

 private:
  /// False where it was not in the queue.
  bool leave_queue(const std::string& holder);

  KeySpec spec_;
  Made where_;
  std::uint64_t asked_ = 0;
  std::map<std::uint64_t, std::string> queue_;   ///< in the order in which they asked
  std::map<std::string, std::uint64_t> places_;  ///< of each in the queue
  std::map<std::string, PrivateKeyPtr> made_;
  std::vector<std::string> lacking_;
};

}  // namespace kumasim::cp
