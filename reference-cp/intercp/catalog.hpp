/// Which control planes share the store, and which of them leads: Kuma's Config resource cp-catalog.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "kumasim/runtime/clock.hpp"
#include "reference-cp/store/store.hpp"

namespace kumasim::cp::intercp {

inline constexpr const char* catalog_config = "cp-catalog";

struct Instance {
  std::string id;
  std::string address;
  std::uint16_t port = 0;  ///< of its server for other control planes
  bool leader = false;
  bool operator==(const Instance&) const = default;
};

/// Of a Config's text; none where it is not one of these.
std::vector<Instance> parse_catalog(const std::string& text);
/// As Kuma writes it, by id.
std::string print_catalog(std::vector<Instance> instances);

class Catalog {
 public:
  /// Both must outlive it.
  Catalog(Store& store, const Clock& clock) : store_(store), clock_(clock) {}

  asio::awaitable<Result<std::vector<Instance>>> list();
  /// All that are known to live; nothing is written where they are the same.
  asio::awaitable<Result<>> replace(std::vector<Instance> instances);
  /// It leads from now on, and nobody else.
  asio::awaitable<Result<>> set_leader(Instance leader);
  /// Nobody of this id leads.
  asio::awaitable<Result<>> drop_leader(std::string id);

 private:
  using Edit = std::function<std::vector<Instance>(std::vector<Instance>)>;
  asio::awaitable<Result<>> edit(Edit change);
  asio::awaitable<Result<>> edit_once(const Edit& change);

  Store& store_;
  const Clock& clock_;
};

}  // namespace kumasim::cp::intercp
