/// For every kind: what is read, printed and read again is the same; unknown fields are refused by name.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/draw.hpp"
#include "reference-cp/model/kinds.hpp"
#include "reference-cp/model/yaml.hpp"

namespace kumasim::cp::testing {
namespace {

using nlohmann::json;

class CheckedDraw : public Draw {
 public:
  std::uint64_t below(std::uint64_t bound) override { return *rc::gen::inRange<std::uint64_t>(0, bound); }
};

void expect_same(const Resource& a, const Resource& b) {
  RC_ASSERT(a.kind == b.kind);
  RC_ASSERT(a.meta.mesh == b.meta.mesh);
  RC_ASSERT(a.meta.name == b.meta.name);
  RC_ASSERT(a.meta.labels == b.meta.labels);
  RC_ASSERT(a.spec == b.spec);
}

class Codec : public ::testing::TestWithParam<const Kind*> {};

TEST_P(Codec, RoundTripsThroughJsonAndYaml) {
  const Kind& kind = *GetParam();
  const bool ok = rc::check("what is printed reads as what it was", [&] {
    CheckedDraw draw;
    json body = draw_body(kind, draw);
    auto first = decode_shape(kind, body, UnknownFields::refuse);
    if (!first) RC_FAIL(first.error().text() + " in " + body.dump());
    json printed = resource_to_json(*first);
    auto second = decode_shape(kind, printed, UnknownFields::refuse);
    RC_ASSERT(second.has_value());
    expect_same(*first, *second);
    RC_ASSERT(resource_to_json(*second) == printed);
    auto documents = parse_yaml(print_yaml(printed), "printed.yaml");
    if (!documents) RC_FAIL(documents.error().message + "\n" + print_yaml(printed));
    RC_ASSERT(documents->size() == 1u);
    RC_ASSERT(documents->front().value == printed);
  });
  EXPECT_TRUE(ok);
}

TEST_P(Codec, KubernetesFormReadsAsTheUniversalOne) {
  const Kind& kind = *GetParam();
  const bool ok = rc::check("the Kubernetes form holds the same", [&] {
    CheckedDraw draw;
    json body = draw_body(kind, draw);
    body.erase("labels");
    auto universal = decode_shape(kind, body, UnknownFields::refuse);
    RC_ASSERT(universal.has_value());
    json kubernetes = resource_to_kubernetes(*universal, "ns");
    if (kind.is_admin_only()) return;  // secrets are Kubernetes' own kind there
    auto form = universal_form(kubernetes);
    if (!form) RC_FAIL(form.error().message);
    auto again = decode_shape(*form->kind, form->body, UnknownFields::drop);
    RC_ASSERT(again.has_value());
    RC_ASSERT(again->spec == universal->spec);
    RC_ASSERT(again->meta.name == universal->meta.name);
    RC_ASSERT(again->meta.mesh == universal->meta.mesh);
  });
  EXPECT_TRUE(ok);
}

INSTANTIATE_TEST_SUITE_P(Kinds, Codec, ::testing::ValuesIn(kinds().begin(), kinds().end()),
                         [](const auto& info) { return info.param->type(); });

}  // namespace
}  // namespace kumasim::cp::testing
