/// FNV-1a of 64 bits, spelled with letters that form no words (Kubernetes' safe encoding).
#include "reference-cp/kds/hashed_name.hpp"

#include <cstdint>

#include <fmt/format.h>

#include "reference-cp/model/fnv1a.hpp"

namespace kumasim::cp::kds {
namespace {

constexpr std::size_t name_length_max = 253;  // Kubernetes'
constexpr std::size_t suffix_length = 1 + 16;
constexpr std::string_view safe_letters = "bcdfghjklmnpqrstvwxz2456789";

}  // namespace

std::string hashed_name(std::string_view mesh, std::string_view name, std::span<const std::string> values) {
  std::uint64_t hash = fnv1a(name, fnv1a(mesh));
  for (const auto& value : values) hash = fnv1a(value, hash);
  std::string suffix = fmt::format("{:016x}", hash);
  for (char& c : suffix) c = safe_letters[static_cast<unsigned char>(c) % safe_letters.size()];
  return fmt::format("{}-{}", name.substr(0, name_length_max - suffix_length), suffix);
}

}  // namespace kumasim::cp::kds
