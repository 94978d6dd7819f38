#include "reference-cp/model/documents/kubernetes_kinds.hpp"

#include <algorithm>

#include "reference-cp/model/kinds.hpp"

namespace kumasim::cp {
namespace {

using namespace schema;

/// A quantity of Kubernetes, as in `500m` or `1Gi` (k8s.io/apimachinery/pkg/api/resource).
SchemaPtr quantity() {
  auto out = std::make_shared<Schema>(*int_or_string());
  out->pattern = R"(^(\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))(([KMGTPE]i)|[numkMGTPE]|)"
                 R"(([eE](\+|-)?(([0-9]+(\.[0-9]*)?)|(\.[0-9]+))))?$)";
  return out;
}

SchemaPtr metadata() {
  return object({{"annotations", map(string()), "annotations"}, {"labels", map(string()), "labels"}});
}

SchemaPtr pod_template() {
  return object({
      {"metadata", metadata(), "metadata of the Pods"},
      {"spec",
       object({
           {"container",
            object({{"securityContext",
                     object({{"readOnlyRootFilesystem", boolean(), "the container cannot write to its root"}}),
                     "security of the container"}}),
            "the proxy's container"},
           {"securityContext", object({{"fsGroup", int64(), "group that owns the volumes"}}), "security of the Pod"},
           {"serviceAccountName", string(), "account that the Pods run as"},
       }),
       "what can be set of the Pods"},
  });
}

SchemaPtr resources() {
  return object({
      {"claims",
       list(object({required({"name", string(), "the claim"}), {"request", string(), "one request of the claim"}})),
       "claims on devices"},
      {"limits", map(quantity()), "what a container may use"},
      {"requests", map(quantity()), "what is reserved for it"},
  });
}

std::vector<Field> gateway_fields() {
  return {
      {"podTemplate", pod_template(), "the Pods of the gateway"},
      fallback({"replicas", integer(1, INT32_MAX), "number of Pods"}, 1),
      {"resources", resources(), "resources of a container"},
      {"serviceTemplate",
       object({{"metadata", metadata(), "metadata of the Service"},
               {"spec", object({{"loadBalancerIP", string(), "address that is asked for"}}), "what can be set of it"}}),
       "the Service before the Pods"},
      fallback({"serviceType", enumeration({"LoadBalancer", "ClusterIP", "NodePort"}), "type of the Service"},
               "LoadBalancer"),
      {"tags", map(string()), "tags of the proxies"},
  };
}

SchemaPtr conditions() {
  return list(object({
      required({"type", text(1, 316), "what is judged"}),
      required({"status", enumeration({"True", "False", "Unknown"}), "the judgement"}),
      required({"reason", text(1, 1024, R"(^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$)"), "why, for programs"}),
      required({"message", text(0, 32768), "why, for people"}),
      required({"lastTransitionTime", timestamp(), "when the judgement last changed"}),
      {"observedGeneration", integer(0, INT64_MAX), "generation of the resource that was judged"},
  }));
}

SchemaPtr load_balancer() {
  return object({{"ingress",
                  list(object({
                      {"hostname", string(), "name of the balancer"},
                      {"ip", string(), "its address"},
                      {"ipMode", string(), "whether traffic comes with this address"},
                      {"ports",
                       list(object({
                           required({"port", int32(), "the port"}),
                           required({"protocol", string(), "its protocol"}),
                           required({"error", text(0, 316), "why it does not serve"}),
                       })),
                       "its ports"},
                  })),
                  "where traffic may come in"}});
}

KubernetesKind container_patch() {
  SchemaPtr patches = list(object({
      required({"op", enumeration({"add", "remove", "replace", "move", "copy"}), "operation of JSON Patch (RFC 6902)"}),
      required({"path", string(), "where"}),
      {"from", string(), "source of move and copy"},
      {"value", string(), "a value as JSON text"},
  }));
  KubernetesKind out;
  out.type = "ContainerPatch";
  out.text = "Changes to the containers that are injected.";
  out.has_mesh = true;
  out.spec = object({{"initPatch", patches, "of the init container"}, {"sidecarPatch", patches, "of the sidecar"}});
  return out;
}

KubernetesKind gateway_config() {
  KubernetesKind out;
  out.type = "MeshGatewayConfig";
  out.text = "What gateways of Kubernetes' Gateway API are made of.";
  out.namespaced = false;
  auto fields = gateway_fields();
  fields.push_back({"crossMesh", boolean(), "other meshes may reach the gateways"});
  out.spec = object(std::move(fields));
  out.status = object({});
  out.status_apart = true;
  return out;
}

KubernetesKind gateway_instance() {
  KubernetesKind out;
  out.type = "MeshGatewayInstance";
  out.text = "The proxies of a builtin gateway, run by the control plane.";
  out.spec = object(gateway_fields());
  out.status = object({{"conditions", conditions(), "what the control plane says of it"},
                       {"loadBalancer", load_balancer(), "the Service's load balancer"}});
  out.status_apart = true;
  return out;
}

std::vector<PrinterColumn> columns_of(const Kind& kind) {
  if (kind.is_target_ref_policy())
    return {{"TargetRef Kind", ".spec.targetRef.kind"}, {"TargetRef Name", ".spec.targetRef.name"}};
  if (kind.table().is_destination) return {{"Hostname", ".status.addresses[0].hostname"}};
  if (&kind == &kind::zone_ingress() || &kind == &kind::zone_egress()) return {{"zone", ".spec.zone"}};
  if (&kind != &kind::dataplane()) return {};
  std::vector<PrinterColumn> out;
  for (int inbound = 0; inbound < 4; ++inbound)
    out.push_back({"kuma.io/service",
                   ".spec.networking.inbound[" + std::to_string(inbound) + R"(].tags['kuma\.io/service'])",
                   inbound < 2 ? 0 : 1});
  return out;
}

KubernetesKind of_table(const Kind& kind) {
  const KindTable& table = kind.table();
  const bool flat = kind.wire() == Wire::flat;
  KubernetesKind out;
  out.type = table.type;
  out.short_name = table.short_name;
  out.text = table.text;
  out.namespaced = !flat || table.namespaced;
  out.has_mesh = flat;
  if (!flat) out.spec = table.schema;
  out.spec_is_status = &kind == &kind::dataplane_insight();
  if (table.has_status) out.status = table.status_schema;
  out.columns = columns_of(kind);
  return out;
}

}  // namespace

std::string kubernetes_plural(std::string_view type) {
  std::string out;
  for (char c : type) out += c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  if (out.ends_with("y") && !out.ends_with("ay")) return out.substr(0, out.size() - 1) + "ies";
  bool hisses = out.ends_with("s") || out.ends_with("sh") || out.ends_with("ch");
  return out + (hisses ? "es" : "s");
}

std::vector<KubernetesKind> kubernetes_kinds() {
  std::vector<KubernetesKind> out = {container_patch(), gateway_config(), gateway_instance()};
  for (const Kind* kind : kinds())
    if (!kind->is_admin_only() && kind != &kind::config()) out.push_back(of_table(*kind));
  std::ranges::sort(out, {}, [](const KubernetesKind& kind) { return kubernetes_plural(kind.type); });
  return out;
}

}  // namespace kumasim::cp
