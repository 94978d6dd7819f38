/// Addresses of a pool in ascending order, without those that are taken.
#pragma once

#include <cstdint>
#include <set>
#include <string>

namespace kumasim::cp::derive {

class AddressPool {
 public:
  /// `first` is the lowest address ("240.0.0.0"), `bits` the length of the network's prefix.
  AddressPool(const std::string& first, unsigned bits);
  void take(const std::string& address) { taken_.insert(address); }
  /// The lowest free one, now taken; empty where none is left.
  std::string next();

 private:
  std::uint32_t at_ = 0;
  std::uint64_t left_ = 0;
  std::set<std::string> taken_;
};

}  // namespace kumasim::cp::derive
