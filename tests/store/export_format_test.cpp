/// An export holds all that a store keeps, reads as what it was, and a bad one is refused by its line and field.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "reference-cp/store/export_format.hpp"
#include "store/drawn.hpp"

namespace kumasim::cp::testing {
namespace {

TEST(ExportFormat, EveryKindReadsAsWhatItWas) {
  const bool ok = rc::check("what is printed is read", [] {
    auto resources = draw_store(*rc::gen::arbitrary<std::uint64_t>());
    auto text = print_export(resources);
    if (!text) RC_FAIL(text.error().message);
    auto read = parse_export(*text, "x.jsonl");
    if (!read) RC_FAIL(read.error().message);
    RC_ASSERT(read->size() == resources.size());
    // Both are in the order of the text.
    auto again = print_export(*read);
    RC_ASSERT(again.has_value());
    if (*again != *text) RC_FAIL("printed again it differs:\n" + *text + "\n" + *again);
    std::map<std::string, const Resource*> by_name;
    for (const Resource& each : resources) by_name[each.meta.name] = &each;
    for (const Resource& each : *read) {
      const Resource& was = *by_name.at(each.meta.name);
      RC_ASSERT(each.kind == was.kind);
      RC_ASSERT(each.meta.mesh == was.meta.mesh);
      RC_ASSERT(each.meta.labels == was.meta.labels);
      RC_ASSERT(each.meta.version == was.meta.version);
      RC_ASSERT(each.meta.creation == was.meta.creation);
      RC_ASSERT(each.meta.modification == was.meta.modification);
      RC_ASSERT(each.spec == was.spec);
      RC_ASSERT(each.status == was.status);
    }
  });
  EXPECT_TRUE(ok);
}

const std::string header = R"({"format":"kuma-store","version":1,"kuma":"2.12.14","kinds":{"Mesh":1,"Secret":1}})";
const std::string mesh =
    R"({"type":"Mesh","mesh":"","name":"default","version":3,"creationTime":"2026-11-26T02:14:21.5Z","modificationTime":"2026-11-26T02:15:00.000000001Z","labels":{"a":"b"},"spec":{},"status":null})";
const std::string secret =
    R"({"type":"Secret","mesh":"default","name":"s","version":1,"creationTime":"2026-11-26T02:14:21Z","modificationTime":"2026-11-26T02:14:21Z","labels":{},"spec":{"data":"Zm9v"},"status":null})";

std::string with(std::string text, const std::string& from, const std::string& to) {
  auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ExportFormat, ReadsAFileAsTheDocumentationSaysIt) {
  for (const std::string& line_end : {"\n", "\r\n"}) {
    auto read = parse_export(header + line_end + mesh + line_end + secret + line_end, "x.jsonl");
    ASSERT_TRUE(read.has_value()) << read.error().message;
    ASSERT_EQ(read->size(), 2u);
    const Resource& first = read->front();
    EXPECT_EQ(first.kind, &kind::mesh());
    EXPECT_EQ(first.meta.version, 3u);
    EXPECT_EQ(first.meta.label("a"), "b");
    EXPECT_EQ(first.meta.modification - first.meta.creation, std::chrono::milliseconds(38'500) + Duration(1));
    EXPECT_EQ(read->back().spec["data"], "Zm9v");
  }
  EXPECT_TRUE(parse_export(header + "\n" + mesh + "\n" + secret, "x.jsonl").has_value())
      << "without the last line's end";
}

TEST(ExportFormat, AnEmptyStoreIsAHeader) {
  EXPECT_EQ(print_export({}).value(), R"({"format":"kuma-store","version":1,"kuma":"2.12.14","kinds":{}})"
                                      "\n");
  EXPECT_EQ(parse_export(print_export({}).value(), "x.jsonl")->size(), 0u);
}

struct Bad {
  std::string text, message, field;
  Code code = Code::invalid_argument;
};

TEST(ExportFormat, NamesLineAndField) {
  const std::string good = header + "\n" + mesh + "\n" + secret + "\n";
  const Bad cases[] = {
      {"", "x.jsonl:1: format: this is no export of a store", "format"},
      {"type: Mesh\nname: default\n", "x.jsonl:1: format: this is no export of a store", "format"},
      {with(good, "kuma-store", "other"), "x.jsonl:1: format: ", "format"},
      {with(good, R"("version":1,"kuma")", R"("version":2,"kuma")"),
       "x.jsonl:1: version: the file has version 2 of the format, this program reads version 1", "version",
       Code::unsupported},
      {with(good, R"("version":1,"kuma")", R"("version":"1","kuma")"), "x.jsonl:1: version: must be a whole number",
       "version"},
      {with(good, R"("Secret":1)", R"("Secrets":1)"), "x.jsonl:1: kinds.Secrets: this program knows no such kind",
       "kinds.Secrets", Code::unsupported},
      {with(good, R"("Secret":1)", R"("Secret":-1)"), "x.jsonl:1: kinds.Secret: must be a whole number",
       "kinds.Secret"},
      {with(good, R"("Secret":1)", R"("Secret":2)"),
       "x.jsonl:1: kinds.Secret: 2 resources are announced and 1 are there: the file was cut short or changed",
       "kinds.Secret"},
      {with(good, R"(,"Secret":1)", ""), "x.jsonl:1: kinds.Secret: none is announced and 1 are there", "kinds.Secret"},
      {with(good, secret, "not JSON"), "x.jsonl:3: invalid character 'o' in literal null (expecting 'u')", ""},
      {with(good, secret, "[]"), "x.jsonl:3: must be a JSON object", ""},
      {header + "\n\n" + mesh + "\n" + secret + "\n", "x.jsonl:2: an empty line", ""},
      {good.substr(0, good.size() - 20), "x.jsonl:3: unexpected end of JSON input", ""},
      {with(good, R"("status":null)", R"("statu":null)"), "x.jsonl:2: status: is missing", "status"},
      {with(good, R"("status":null)", R"("status":null,"more":1)"), "x.jsonl:2: more: is no field of this line",
       "more"},
      {with(good, R"("type":"Secret")", R"("type":"Secretion")"),
       "x.jsonl:3: type: this program knows no kind \"Secretion\"", "type", Code::unsupported},
      {with(good, R"("type":"Secret")", R"("type":7)"), "x.jsonl:3: type: must be a string", "type"},
      {with(good, R"("mesh":"",)", R"("mesh":"x",)"), "x.jsonl:2: mesh: must be empty: a Mesh is in no mesh", "mesh"},
      {with(good, R"("mesh":"default")", R"("mesh":"")"), "x.jsonl:3: mesh: must not be empty: a Secret is in a mesh",
       "mesh"},
      {with(good, R"("name":"s")", R"("name":"")"), "x.jsonl:3: name: must not be empty", "name"},
      {with(good, R"("version":3)", R"("version":0)"), "x.jsonl:2: version: must not be 0", "version"},
      {with(good, R"("version":3)", R"("version":9223372036854775808)"), "x.jsonl:2: version: must be a whole number",
       "version"},
      {with(good, R"("version":3)", R"("version":99999999999999999999999)"), "x.jsonl:2: version: must be a whole",
       "version"},
      {with(good, R"("version":3)", R"("version":1.5)"), "x.jsonl:2: version: must be a whole number", "version"},
      {with(good, "02:14:21.5Z", "25:14:21.5Z"), "x.jsonl:2: creationTime: must be a time such as ", "creationTime"},
      {with(good, R"({"a":"b"})", R"({"a":1})"), "x.jsonl:2: labels[\"a\"]: must be a string", "labels[\"a\"]"},
      {with(good, R"({"a":"b"})", R"(["a"])"), "x.jsonl:2: labels: must be an object of strings", "labels"},
      {with(good, R"("spec":{})", R"("spec":null)"), "x.jsonl:2: spec: must be an object", "spec"},
      {with(good, R"("spec":{})", R"("spec":{"nothing":1})"), "x.jsonl:2: spec.nothing: ", "spec.nothing"},
      {header + "\n" + mesh + "\n" + mesh + "\n", "x.jsonl:3: name: Mesh \"default\" in mesh \"\" is on line 2 already",
       "name"},
  };
  ASSERT_TRUE(parse_export(good, "x.jsonl").has_value());
  for (const Bad& bad : cases) {
    auto read = parse_export(bad.text, "x.jsonl");
    ASSERT_FALSE(read.has_value()) << bad.message << "\n" << bad.text;
    EXPECT_TRUE(read.error().message.starts_with(bad.message)) << bad.message << "\n" << read.error().message;
    EXPECT_EQ(read.error().field, bad.field) << read.error().message;
    EXPECT_EQ(read.error().code, bad.code) << read.error().message;
  }
}

TEST(ExportFormat, AnInsightNeedNotFitTheTableOfItsKind) {
  const std::string spec =
      R"({"metadata":1,"subscriptions":[{"id":7,"version":{"envoy":"1.30","kumaDp":{"version":["x"]}}}]})";
  const std::string text =
      R"({"format":"kuma-store","version":1,"kuma":"2.12.14","kinds":{"DataplaneInsight":1}})"
      "\n"
      R"({"type":"DataplaneInsight","mesh":"default","name":"dp","version":1,"creationTime":"2026-11-26T02:14:21Z","modificationTime":"2026-11-26T02:14:21Z","labels":{},"spec":)" +
      spec + R"(,"status":null})" + "\n";
  auto read = parse_export(text, "x.jsonl");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  ASSERT_EQ(read->size(), 1u);
  EXPECT_EQ(read->front().spec.dump(), spec);
  EXPECT_EQ(print_export(*read).value(), text);
  auto refused = parse_export(with(text, spec, "[]"), "x.jsonl");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, "x.jsonl:2: spec: must be an object");
}

/// Earlier versions kept them.
TEST(ExportFormat, AConfThatIsNoObjectIsLeftOut) {
  const std::string head = with(with(header, R"("Mesh":1)", R"("Dataplane":1,"Mesh":1)"), R"(,"Secret":1)", "");
  const std::string proxy = with(with(secret, "Secret", "Dataplane"), R"({"data":"Zm9v"})",
                                 R"({"metrics":{"conf":[],"type":"prometheus"},"networking":{"address":"10.0.0.1"}})");
  const std::string odd = with(mesh, R"("spec":{})",
                               R"("spec":{"logging":{"backends":[{"conf":{"path":"/x"},"name":"f"}]},)"
                               R"("mtls":{"backends":[{"conf":"text","name":"ca"}]}})");
  auto read = parse_export(head + "\n" + proxy + "\n" + odd + "\n", "x.jsonl");
  ASSERT_TRUE(read.has_value()) << read.error().message;
  EXPECT_EQ(read->front().spec["metrics"].dump(), R"({"type":"prometheus"})");
  EXPECT_EQ(read->back().spec["mtls"].dump(), R"({"backends":[{"name":"ca"}]})");
  EXPECT_EQ(read->back().spec["logging"]["backends"][0]["conf"].dump(), R"({"path":"/x"})");
}

TEST(ExportFormat, TextThatIsNotUtf8IsNotWritten) {
  Resource secret_of_bytes;
  secret_of_bytes.kind = &kind::secret();
  secret_of_bytes.meta = {.mesh = "default", .name = "s", .labels = {{"a", "\xff"}}, .version = 1};
  auto text = print_export({secret_of_bytes});
  ASSERT_FALSE(text.has_value());
  EXPECT_EQ(text.error().code, Code::data_loss);
  EXPECT_TRUE(text.error().message.starts_with("Secret \"s\" in mesh \"default\" cannot be written: "))
      << text.error().message;
}

}  // namespace
}  // namespace kumasim::cp::testing
