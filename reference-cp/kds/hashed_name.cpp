/// FNV-1a of 64 bits, spelled with letters that form no words (Kubernetes' safe encoding).
#include "reference-cp/kds/hashed_name.hpp"

#include <cstdint>

#include <fmt/format.h>

namespace kumasim::cp::kds {
namespace {

constexpr std::size_t name_length_max = 253;  // Kubernetes'
constexpr std::size_t suffix_length = 1 + 16;
constexpr std::string_view safe_letters = "bcdfghjklmnpqrstvwxz2456789";

class Fnv1a {
 public:
  void add(std::string_view text) {
    for (char c : text) value_ = (value_ ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  std::uint64_t value() const { return value_; }

 private:
  std::uint64_t value_ = 0xcbf29ce484222325u;
};

}  // namespace

std::string hashed_name(std::string_view mesh, std::string_view name, std::span<const std::string> values) {
  Fnv1a hash;
  hash.add(mesh);
  hash.add(name);
  for (const auto& value : values) hash.add(value);
  std::string suffix = fmt::format("{:016x}", hash.value());
  for (char& c : suffix) c = safe_letters[static_cast<unsigned char>(c) % safe_letters.size()];
  return fmt::format("{}-{}", name.substr(0, name_length_max - suffix_length), suffix);
}

}  // namespace kumasim::cp::kds
