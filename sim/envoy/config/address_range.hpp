/// An IP prefix (CIDR) and whether an address lies in it.
#pragma once

#include <boost/asio/ip/address.hpp>
#include <algorithm>
#include <optional>
#include <string>

#include "sim/envoy/config/checked.hpp"

namespace kumasim::sim::proxy {

class AddressRange {
 public:
  static Checked<AddressRange> make(const std::string& prefix, unsigned bits) {
    boost::system::error_code error;
    auto address = boost::asio::ip::make_address(prefix, error);
    if (error) return refuse("malformed IP address: " + prefix);
    return AddressRange(address, std::min(bits, address.is_v4() ? 32u : 128u));
  }

  bool contains(const std::string& text) const {
    boost::system::error_code error;
    auto address = boost::asio::ip::make_address(text, error);
    if (error || address.is_v4() != address_.is_v4()) return false;
    if (address.is_v4()) return same(address.to_v4().to_bytes(), address_.to_v4().to_bytes());
    return same(address.to_v6().to_bytes(), address_.to_v6().to_bytes());
  }

  unsigned bits() const { return bits_; }
  bool operator==(const AddressRange&) const = default;

 private:
  AddressRange(boost::asio::ip::address address, unsigned bits) : address_(std::move(address)), bits_(bits) {}

  template <class Bytes>
  bool same(const Bytes& a, const Bytes& b) const {
    for (unsigned i = 0; i < bits_; ++i)
      if (((a[i / 8] ^ b[i / 8]) >> (7 - i % 8)) & 1) return false;
    return true;
  }

  boost::asio::ip::address address_;
  unsigned bits_ = 0;
};

inline bool is_ip(const std::string& text) {
  boost::system::error_code error;
  boost::asio::ip::make_address(text, error);
  return !error;
}

}  // namespace kumasim::sim::proxy
