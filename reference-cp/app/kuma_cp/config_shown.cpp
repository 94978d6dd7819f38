#include "reference-cp/app/kuma_cp/config_shown.hpp"

#include <algorithm>

#include <nlohmann/json.hpp>

namespace kumasim::cp {
namespace {

using nlohmann::json;

// What `GET /config` of Kuma 2.12 says.
constexpr const char* defaults = R"json({
  "apiServer": {
    "basePath": "/",
    "corsAllowedDomains": [],
    "gui": {"basePath": "/gui", "enabled": true, "rootUrl": ""},
    "rootUrl": ""
  },
  "bootstrapServer": {"params": {"corefileTemplatePath": ""}},
  "coreResources": {
    "enabled": ["hostnamegenerators", "meshexternalservices", "meshidentities", "meshmultizoneservices",
        "meshservices", "meshtrusts"],
    "status": {"meshIdentityInterval": "5s", "meshMultiZoneServiceInterval": "5s", "meshServiceInterval": "5s"}
  },
  "defaults": {"skipTenantResources": false},
  "diagnostics": {
    "debugEndpoints": false,
    "tlsCertFile": "",
    "tlsCipherSuites": [],
    "tlsKeyFile": "",
    "tlsMaxVersion": "",
    "tlsMinVersion": "TLSv1_2"
  },
  "dnsServer": {"CIDR": "240.0.0.0/4", "serviceVipEnabled": true, "serviceVipPort": 80},
  "dpServer": {"gracefulShutdownTimeout": "10s", "readHeaderTimeout": "5s"},
  "eventBus": {"bufferSize": 100},
  "experimental": {
    "autoReachableServices": false,
    "deltaXds": false,
    "ingressTagFilters": [],
    "kdsEventBasedWatchdog": {"delayFullResync": false, "enabled": false, "flushInterval": "5s",
        "fullResyncInterval": "1m0s"},
    "kubeOutboundsAsVIPs": true,
    "sidecarContainers": false,
    "useTagFirstVirtualOutboundModel": false
  },
  "general": {"dnsCacheTTL": "10s"},
  "ipam": {
    "allocationInterval": "5s",
    "knownInternalCIDRs": ["10.0.0.0/8", "192.168.0.0/16", "172.16.0.0/12", "fc00::/7", "fd00::/8",
        "127.0.0.1/32", "::1/128"],
    "meshExternalService": {"cidr": "242.0.0.0/8"},
    "meshMultiZoneService": {"cidr": "243.0.0.0/8"},
    "meshService": {"cidr": "241.0.0.0/8"}
  },
  "meshService": {"generationInterval": "2s"},
  "metrics": {
    "controlPlane": {"reportResourcesCount": true},
    "mesh": {
      "bufferSize": 1000,
      "eventProcessors": 1,
      "fullResyncInterval": "20s",
      "maxResyncTimeout": "0s",
      "minResyncTimeout": "0s"
    }
  },
  "monitoringAssignmentServer": {
    "apiVersions": ["v1"],
    "assignmentRefreshInterval": "1s",
    "defaultFetchTimeout": "30s",
    "port": 5676,
    "tlsCertFile": "",
    "tlsCipherSuites": [],
    "tlsEnabled": false,
    "tlsKeyFile": "",
    "tlsMaxVersion": "",
    "tlsMinVersion": "TLSv1_2"
  },
  "multizone": {
    "global": {"kds": {"labels": {}, "nackBackoff": "5s", "tracing": {"enabled": true}}},
    "zone": {"kds": {"labels": {}, "nackBackoff": "5s"}}
  },
  "policies": {
    "pluginPoliciesEnabled": ["meshaccesslogs", "meshcircuitbreakers", "meshfaultinjections", "meshhealthchecks",
        "meshhttproutes", "meshloadbalancingstrategies", "meshmetrics", "meshpassthroughs", "meshproxypatches",
            "meshratelimits", "meshretries", "meshtcproutes", "meshtimeouts", "meshtlses", "meshtraces",
                "meshtrafficpermissions"]
  },
  "reports": {"enabled": false},
  "runtime": {
    "kubernetes": {
      "admissionServer": {"address": "", "certDir": "", "port": 5443},
      "clientConfig": {"burstQps": 100, "qps": 100},
      "controlPlaneServiceName": "kuma-control-plane",
      "controllersConcurrency": {"podController": 10},
      "injector": {
        "applicationProbeProxyPort": 9001,
        "builtinDNS": {"enabled": true, "experimentalProxy": true, "port": 15053},
        "caCertFile": "",
        "cniEnabled": false,
        "containerPatches": [],
        "ebpf": {
          "bpffsPath": "/sys/fs/bpf",
          "cgroupPath": "/sys/fs/cgroup",
          "enabled": false,
          "instanceIPEnvVarName": "INSTANCE_IP",
          "programsSourcePath": "/tmp/kuma-ebpf"
        },
        "exceptions": {"labels": {"openshift.io/build.name": "*", "openshift.io/deployer-pod-for.name": "*"}},
        "ignoredServiceSelectorLabels": [],
        "initContainer": {"image": "kuma/kuma-init:latest"},
        "nodeLabelsToCopy": ["topology.kubernetes.io/zone", "topology.kubernetes.io/region",
            "kubernetes.io/hostname"],
        "sidecarContainer": {
          "drainTime": "30s",
          "envVars": {},
          "gid": 5678,
          "image": "kuma/kuma-dp:latest",
          "ipFamilyMode": "dualstack",
          "livenessProbe": {"failureThreshold": 12, "initialDelaySeconds": 60, "periodSeconds": 5,
              "timeoutSeconds": 3},
          "readinessProbe": {
            "failureThreshold": 12,
            "initialDelaySeconds": 1,
            "periodSeconds": 5,
            "successThreshold": 1,
            "timeoutSeconds": 3
          },
          "redirectPortInbound": 15006,
          "redirectPortOutbound": 15001,
          "resources": {"limits": {"cpu": "1000m", "memory": "512Mi"}, "requests": {"cpu": "50m",
              "memory": "64Mi"}},
          "startupProbe": {"failureThreshold": 12, "initialDelaySeconds": 1, "periodSeconds": 5,
              "timeoutSeconds": 3},
          "uid": 5678,
          "waitForDataplaneReady": false
        },
        "sidecarTraffic": {
          "excludeInboundIPs": [],
          "excludeInboundPorts": [],
          "excludeOutboundIPs": [],
          "excludeOutboundPorts": []
        },
        "spire": {"enabled": false, "mountPath": "/run/spire/sockets", "socketFileName": "socket"},
        "transparentProxyConfigMap": "",
        "unifiedResourceNamingEnabled": false,
        "virtualProbesEnabled": true,
        "virtualProbesPort": 9000
      },
      "leaderElection": {"leaseDuration": "15s", "renewDeadline": "10s"},
      "marshalingCacheExpirationTime": "5m0s",
      "nodeTaintController": {"cniApp": "", "cniNamespace": "kube-system", "enabled": false},
      "serviceAccountName": "system:serviceaccount:kuma-system:kuma-control-plane",
      "skipMeshOwnerReference": false,
      "supportGatewaySecretsInAllNamespaces": false
    },
    "universal": {"vipRefreshInterval": "500ms"}
  },
  "store": {
    "cache": {"enabled": true, "expirationTime": "1s"},
    "kubernetes": {"systemNamespace": "kuma-system"},
    "postgres": {
      "healthCheckInterval": "30s",
      "maxConnectionIdleTime": "30m0s",
      "maxConnectionLifetime": "1h0m0s",
      "maxConnectionLifetimeJitter": "1m0s",
      "maxIdleConnections": 50,
      "maxListQueryElements": 0,
      "maxOpenConnections": 50,
      "minOpenConnections": 0,
      "readReplica": {"host": "", "port": 5432, "ratio": 100}
    },
    "upsert": {"conflictRetryBaseBackoff": "200ms", "conflictRetryJitterPercent": 30, "conflictRetryMaxTimes": 10}
  },
  "tracing": {"openTelemetry": {}},
  "xdsServer": {"dataplaneConfigurationRefreshInterval": "1s", "nackBackoff": "5s"}
})json";

/// A map from names that have dots in them (labels), and no level of the tree.
bool is_map(const json& value) {
  if (!value.is_object()) return false;
  for (const auto& [key, inner] : value.items())
    if (key.contains('.')) return true;
  return false;
}

void collect(const json& value, const std::string& name, std::vector<std::string>& out) {
  if (!value.is_object() || value.empty() || is_map(value)) {
    out.push_back(name);
    return;
  }
  for (const auto& [key, inner] : value.items()) collect(inner, name.empty() ? key : name + "." + key, out);
}

json::json_pointer pointer_of(std::string name) {
  std::ranges::replace(name, '.', '/');
  return json::json_pointer("/" + name);
}

json typed(const std::string& text, const json& like) {
  if (like.is_boolean()) return text == "true";
  if (like.is_number()) {
    json number = json::parse(text, nullptr, false);
    return number.is_number() ? number : like;
  }
  if (is_map(like)) {  // "name:value,name:value"
    json out = json::object();
    for (const std::string& entry : typed(text, json::array()).get<std::vector<std::string>>())
      if (auto colon = entry.find(':'); colon != entry.npos) out[entry.substr(0, colon)] = entry.substr(colon + 1);
    return out;
  }
  if (!like.is_array()) return text;
  json out = json::array();
  for (std::size_t at = 0; at <= text.size();) {
    auto end = std::min(text.find(',', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

}  // namespace

const json& passive_defaults() {
  static const json parsed = json::parse(defaults);
  return parsed;
}

std::vector<std::string> passive_names() {
  std::vector<std::string> out;
  collect(passive_defaults(), "", out);
  return out;
}

std::string variable_of(std::string_view name) {
  auto upper = [](char c) { return c >= 'A' && c <= 'Z'; };
  std::string out = "KUMA_";
  for (std::size_t i = 0; i < name.size(); ++i) {
    char c = name[i];
    if (upper(c) && i > 0 && name[i - 1] != '.' && !upper(name[i - 1])) out += '_';
    out += c == '.' ? '_' : c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  return out;
}

json shown_passives(const std::map<std::string, std::string>& given) {
  json out = passive_defaults();
  for (const auto& [name, text] : given) {
    auto pointer = pointer_of(name);
    if (out.contains(pointer)) out[pointer] = typed(text, out[pointer]);
  }
  return out;
}

}  // namespace kumasim::cp
