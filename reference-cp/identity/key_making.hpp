/// Keys are made where they hold up nobody (decision 0011).
#pragma once

#include <type_traits>
#include <utility>

#include <fmt/format.h>

#include "kumasim/runtime/offload.hpp"
#include "reference-cp/identity/certificate.hpp"

namespace kumasim::cp {

/// What making a key takes on a core (decision 0004); an EC key takes less than handing it over.
constexpr Duration key_cost(KeySpec spec) {
  if (spec.rsa_bits <= 2048) return std::chrono::milliseconds(300);
  return spec.rsa_bits <= 3072 ? std::chrono::seconds(1) : std::chrono::seconds(3);
}

/// Whether keys of this kind are handed over.
constexpr bool is_made_beside(const Offload* where, KeySpec spec) { return where != nullptr && spec.rsa_bits != 0; }

/// `make` gives something with a key of this kind; it runs as Offload's work does. Without `where` it runs on the spot.
template <class Make>
asio::awaitable<std::invoke_result_t<Make&>> make_beside(Offload* where, KeySpec spec, Make make) {
  if (!is_made_beside(where, spec)) co_return make();
  auto made = co_await offload(*where, key_cost(spec), std::move(make));
  if (!made && made.error().code == Code::resource_exhausted)
    co_return fail(Code::resource_exhausted,
                   fmt::format("{} keys are waiting to be made already: try again later", Offload::queued_max));
  co_return made;
}

}  // namespace kumasim::cp
