/// Where bytes come from.
#include "reference-cp/model/kinds/data_source.hpp"

#include "reference-cp/model/rules/values.hpp"

namespace kumasim::cp {

using namespace schema;
using nlohmann::json;

SchemaPtr plain_data_source_schema() {
  static const SchemaPtr out = object({
      {"secret", string(), "name of a Secret"},
      {"inline", bytes(), "the bytes, in base64"},
      {"inlineString", string(), "the bytes, as text"},
  });
  return out;
}

SchemaPtr secure_data_source_schema() {
  static const SchemaPtr out = object({
      required({"type", enumeration({"File", "Secret", "EnvVar", "InsecureInline"}),
                "which of the fields below is meant"}),
      {"file", object({required({"path", string(), "absolute path of the file"})}), "a file beside the CP"},
      {"envVar", object({required({"name", string(), "name of the variable"})}), "a variable of the CP's environment"},
      {"insecureInline", object({required({"value", string(), "the text"})}), "text that all who read this see"},
      {"secretRef",
       object({
           required({"kind", enumeration({"Secret"}), "kind of the resource"}),
           required({"name", string(), "its name"}),
       }),
       "a Secret of the mesh"},
  });
  return out;
}

void validate_secure_data_source(const json& source, const Path& path, Violations& out) {
  std::string type = text_at(source, "type");
  const char* field = type == "EnvVar" ? "envVar" : type == "InsecureInline" ? "insecureInline" : "file";
  const char* inner = type == "EnvVar" ? "name" : type == "InsecureInline" ? "value" : "path";
  if (type == "Secret") {
    field = "secretRef";
    inner = "name";
  }
  if (!has(source, field)) return out.add(path.at(field), "must be defined");
  std::string value = text_at(at(source, field), inner);
  Path place = path.at(field).at(inner);
  if (value.empty()) return out.add(place, "must be defined");
  if (type != "File") return;
  if (value.find("..") != std::string::npos) {
    out.add(place, "file path contains directory traversal sequence: " + value);
  } else if (!value.starts_with("/")) {
    out.add(place, "file path must be absolute: " + value);
  }
}

}  // namespace kumasim::cp
