/// Addresses of a pool: those that were never used in ascending order, then those that came back, the longest unused
/// first, as clients and resolvers may remember an address for a while.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>

namespace kumasim::cp::derive {

class AddressPool {
 public:
  /// `first` is the lowest address ("240.0.0.0"), `bits` the length of the network's prefix.
  AddressPool(const std::string& first, unsigned bits);
  /// Somebody holds the address; several can.
  void take(const std::string& address);
  /// One of those who hold it does no longer. REQUIRES: nothing: what nobody holds is left as it is.
  void give_back(const std::string& address);
  /// One that nobody holds, put by until it is taken or cancelled; empty where none is left.
  std::string next();
  /// What `next` has put by will not be taken.
  void cancel(const std::string& address);

 private:
  bool contains(const std::string& address) const;
  bool is_free(const std::string& address) const { return !holders_.contains(address) && !put_by_.contains(address); }

  std::uint32_t first_ = 0;
  std::uint64_t size_ = 0;
  std::uint64_t used_ = 0;  ///< so many from the first on have been handed out once
  std::map<std::string, std::size_t> holders_;
  std::set<std::string> put_by_;
  std::deque<std::string> returned_;
};

}  // namespace kumasim::cp::derive
