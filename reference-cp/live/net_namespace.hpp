/// Network namespaces without names: they end with the last process or descriptor that uses them.
#pragma once

#include <string>

#include "kumasim/runtime/error.hpp"

namespace kumasim::live {

/// A network of its own, with nothing in it but a loopback that is down (network_namespaces(7)).
class NetNamespace {
 public:
  /// permission_denied without CAP_SYS_ADMIN.
  static Result<NetNamespace> create();
  NetNamespace(NetNamespace&& other) noexcept;
  NetNamespace& operator=(NetNamespace&&) = delete;
  ~NetNamespace();

  /// A path that names it to ip(8) while this object lives.
  std::string path() const;

  /// While it lives, sockets that this thread opens and processes that it starts are in the namespace. They stay there;
  /// the thread returns. Keep none across a suspension of a coroutine.
  class Inside {
   public:
    /// Null: the thread stays where it is.
    explicit Inside(const NetNamespace* where);
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;
    ~Inside();

   private:
    int home_ = -1;
  };

  /// Sends what goes to `address` (IPv4) out of `device` to this hardware address from now on, whatever ARP says.
  Result<> pin_neighbour(const std::string& device, const std::string& address, const std::string& hardware) const;

 private:
  explicit NetNamespace(int descriptor) : descriptor_(descriptor) {}
  int descriptor_ = -1;
};

}  // namespace kumasim::live
