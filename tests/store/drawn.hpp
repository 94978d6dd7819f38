/// Stores by chance: resources of every kind with everything that a store keeps of them.
#pragma once

#include <string>
#include <vector>

#include "kumasim/sim/seeded_random.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/draw.hpp"
#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp::testing {

class SeededDraw : public Draw {
 public:
  explicit SeededDraw(std::uint64_t seed) : random_(seed) {}
  std::uint64_t below(std::uint64_t bound) override { return random_.below(bound); }

 private:
  sim::SeededRandom random_;
};

inline std::string draw_text(Draw& draw) {
  static const std::vector<std::string> texts{"a", "b.c", "kuma.io/zone", "\"quoted\"\\", "zwei Zeilen\n", "\xc3\xbc",
                                              "{}", "", "\t", "\xf0\x9f\x98\x80"};
  auto at = draw.below(texts.size());
  return texts[at];
}

/// One resource of this kind. Its name is new for each `number`.
inline Resource draw_resource(const Kind& kind, int number, Draw& draw) {
  auto shaped = decode_shape(kind, draw_body(kind, draw), UnknownFields::refuse);
  Resource out = shaped ? std::move(*shaped) : Resource{};
  out.kind = &kind;
  out.meta.name = "r" + std::to_string(number);
  out.meta.mesh = kind.is_global() ? "" : draw.below(2) == 0 ? "default" : "m-2";
  out.meta.labels.clear();
  for (auto labels = draw.below(3); labels > 0; --labels) {
    auto key = draw_text(draw);
    out.meta.labels[key] = draw_text(draw);
  }
  out.meta.version = draw.below(8) == 0 ? static_cast<std::uint64_t>(INT64_MAX) : draw.below(1000) + 1;
  out.meta.creation = WallTime(Duration(static_cast<std::int64_t>(draw.below(4'000'000'000'000'000'000))));
  out.meta.modification = out.meta.creation + Duration(static_cast<std::int64_t>(draw.below(1'000'000'000'000)));
  const auto& status = kind.table().status_schema;
  if (status != nullptr && draw.below(2) == 0) out.status = draw_value(*status, draw);
  return out;
}

inline std::vector<Resource> draw_store(std::uint64_t seed) {
  SeededDraw draw(seed);
  std::vector<Resource> out;
  for (const Kind* kind : kinds())
    for (auto count = draw.below(3); count > 0; --count)
      out.push_back(draw_resource(*kind, static_cast<int>(out.size()), draw));
  return out;
}

}  // namespace kumasim::cp::testing
