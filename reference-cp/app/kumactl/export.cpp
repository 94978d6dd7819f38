/// kumactl export: the resources of a control plane as one stream of YAML that another one takes.
#include <algorithm>
#include <iterator>
#include <optional>
#include <ostream>

#include <CLI/CLI.hpp>

#include "reference-cp/app/kumactl/commands.hpp"
#include "reference-cp/app/kumactl/printing.hpp"
#include "reference-cp/app/kumactl/resource_path.hpp"
#include "reference-cp/app/kumactl/session.hpp"
#include "reference-cp/app/kumactl/yaml_text.hpp"

namespace kumasim::cp {

namespace {

using nlohmann::ordered_json;

struct Options {
  std::string profile = "federation";
  std::string format = "universal";
  std::string system_namespace = "kuma-system";
  bool include_admin = false;

  /// What a zone hands over when it joins a global control plane.
  bool federates() const { return profile == "federation" || profile == "federation-with-policies"; }
};

struct Exported {
  const Kind* kind;
  ordered_json resource;
};

/// Meshes first, for others live in them; then their secrets; keys that change who may apply at the end.
int place_of(const Kind& kind) {
  if (kind.type() == "Mesh") return 0;
  if (kind.type() == "Secret") return 1;
  return kind.type() == "GlobalSecret" ? 99 : 50;
}

/// Whether the profile takes the kind, as the control plane describes it in /_resources.
bool wanted(const Options& options, const Kind& kind, const ordered_json& description) {
  if (kind.is_admin_only() && !options.federates() && !options.include_admin) return false;
  if (options.profile == "no-dataplanes") return kind.type() != "Dataplane" && kind.type() != "DataplaneInsight";
  if (!options.federates()) return true;
  if (!description.value("includeInFederation", false)) return false;
  if (options.profile == "federation-with-policies") return true;
  bool target_ref = description.contains("policy") && description["policy"].value("isTargetRef", false);
  return !target_ref && kind.type() != "MeshGateway";
}

Result<std::vector<const Kind*>> kinds_of(Session& session, RestClient& client, const Options& options) {
  auto described = client.call("GET", "/_resources");
  if (!described) return fail(described.error());
  std::vector<const Kind*> out;
  std::string unknown;
  for (const auto& each : described->json.value("resources", ordered_json::array())) {
    auto type = each.value("name", "");
    const Kind* kind = find_kind(type);
    if (!kind)
      unknown += (unknown.empty() ? "" : ",") + type;
    else if (wanted(options, *kind, each))
      out.push_back(kind);
  }
  std::ranges::stable_sort(out, {}, [](const Kind* kind) { return place_of(*kind); });
  if (!unknown.empty()) {
    auto text = "The following types won't be exported because they are unknown to kumactl: " + unknown;
    session.out() << "# " << text << "\n";
    session.error() << "WARNING: " << text << ". Are you using a compatible version of kumactl?\n";
  }
  return out;
}

/// The mesh keeps its CA where it goes: its certificate and key are among the secrets. It makes no policies of its own.
void make_movable(ordered_json& spec, const std::string& mesh) {
  spec["skipCreatingInitialPolicies"] = ordered_json::array({"*"});
  if (!spec.contains("mtls") || !spec["mtls"].contains("backends")) return;
  auto& mtls = spec["mtls"];
  bool changed = false;
  for (auto& backend : mtls["backends"]) {
    if (backend.value("type", "") != "builtin") continue;
    auto secret = [&](const char* what) {
      ordered_json out;
      out["secret"] = mesh + ".ca-builtin-" + what + "-" + backend.value("name", "");
      return out;
    };
    backend["type"] = "provided";
    auto conf = ordered_json::object();
    for (const char* what : {"cert", "key"}) conf[what] = secret(what);
    backend["conf"] = std::move(conf);
    changed = true;
  }
  // Meshes are applied before secrets.
  if (changed) mtls["skipValidation"] = true;
}

Result<std::vector<Exported>> collect(RestClient& client, const std::vector<const Kind*>& kinds) {
  auto meshes = client.list("/meshes");
  if (!meshes) return fail(meshes.error());
  std::vector<Exported> out, last;
  for (const Kind* kind : kinds) {
    std::vector<std::string> of = {""};
    if (!kind->is_global()) {
      of.clear();
      for (const auto& mesh : *meshes) of.push_back(mesh.value("name", ""));
    }
    for (const auto& mesh : of) {
      auto items = client.list(resource_path(*kind, mesh, ""));
      if (!items) return fail(items.error().code, "could not list \"" + kind->type() + "\": " + items.error().message);
      for (auto& item : *items) {
        auto name = item.value("name", "");
        bool global_secret = kind->type() == "GlobalSecret";
        // These belong to one control plane: with another's, its own connections would fail.
        if (global_secret && (name == "envoy-admin-ca" || name == "inter-cp-ca")) continue;
        // Once this is applied, tokens of before are worth nothing.
        auto& list = global_secret && name.starts_with("user-token-signing-key") ? last : out;
        list.push_back({kind, std::move(item)});
      }
    }
  }
  std::ranges::move(last, std::back_inserter(out));
  return out;
}

void drop_origin(ordered_json& owner, const char* field) {
  if (owner.contains(field)) owner[field].erase("kuma.io/origin");
}

Result<> print_universal(Session& session, const Options& options, Exported& each) {
  auto& resource = each.resource;
  if (each.kind->type() == "Mesh") make_movable(resource, resource.value("name", ""));
  if (options.federates()) drop_origin(resource, "labels");
  if (resource.contains("labels") && resource["labels"].empty()) resource.erase("labels");
  session.out() << "---\n";
  return print_resource(session.out(), *each.kind, resource, "yaml");
}

/// Nothing where the object lives in a namespace that only its own cluster has.
Result<std::optional<ordered_json>> as_object(RestClient& client, const Options& options, const Exported& each) {
  auto mesh = each.resource.value("mesh", "");
  auto answer = client.call("GET", resource_path(*each.kind, mesh, each.resource.value("name", "")) + "?format=k8s");
  if (!answer) return fail(answer.error());
  std::optional<ordered_json> out(std::in_place, std::move(answer->json));
  ordered_json& object = *out;
  if (!object.contains("metadata")) return out;
  auto& metadata = object["metadata"];
  auto place = metadata.value("namespace", "");
  if (options.profile != "all" && !place.empty() && place != options.system_namespace) return std::nullopt;
  for (const char* of_one_cluster : {"resourceVersion", "ownerReferences", "uid", "generation", "managedFields"})
    metadata.erase(of_one_cluster);
  if (options.federates()) {
    drop_origin(metadata, "labels");
    drop_origin(metadata, "annotations");
  }
  if (each.kind->type() == "Mesh") make_movable(object["spec"], each.resource.value("name", ""));
  return out;
}

Result<> run(Session& session, const Options& options) {
  session.check_compatibility();
  auto client = session.client();
  if (!client) return fail(client.error());
  if (auto index = (*client)->index())
    session.out() << "# Product: " << index->value("product", "") << ", Version: " << index->value("version", "")
                  << ", Hostname: " << index->value("hostname", "") << ", ClusterId: " << index->value("clusterId", "")
                  << ", InstanceId: " << index->value("instanceId", "") << "\n";
  static const std::vector<std::string> profiles = {"all", "federation", "federation-with-policies", "no-dataplanes"};
  if (std::ranges::find(profiles, options.profile) == profiles.end())
    return fail(Code::invalid_argument, "invalid profile: \"" + options.profile + "\"");
  if (options.format != "universal" && options.format != "kubernetes")
    return fail(Code::invalid_argument, "invalid format: \"" + options.format + "\"");
  auto kinds = kinds_of(session, **client, options);
  if (!kinds) return fail(kinds.error());
  auto all = collect(**client, *kinds);
  if (!all) return fail(all.error());
  bool first = true;
  for (auto& each : *all) {
    if (options.format == "universal") {
      if (auto printed = print_universal(session, options, each); !printed) return printed;
      continue;
    }
    auto object = as_object(**client, options, each);
    if (!object) return fail(object.error());
    if (!*object) continue;
    session.out() << (std::exchange(first, false) ? "" : "---\n") << yaml_text(nlohmann::json(**object));
  }
  return {};
}

}  // namespace

void add_export(CLI::App& root, Session& session) {
  auto* command = root.add_subcommand("export", "Export Kuma resources.");
  auto options = std::make_shared<Options>();
  command->add_option("-p,--profile", options->profile,
                      "Profile. Available values: all,federation,federation-with-policies,no-dataplanes");
  command->add_option("-f,--format", options->format,
                      "Policy format output. Available values: \"universal\", \"kubernetes\"");
  command->add_option("-n,--system-namespace", options->system_namespace,
                      "Define namespace in which control-plane was installed");
  command->add_flag("-a,--include-admin", options->include_admin,
                    "Include admin resource types (like secrets), this flag is ignored on migration profiles like "
                    "federation as these entities are required");
  command->callback([&session, options] { session.action = [&session, options] { return run(session, *options); }; });
}

}  // namespace kumasim::cp
