#include "reference-cp/app/kumactl/inspect_text.hpp"

#include <algorithm>

namespace kumasim::cp {
namespace {

using nlohmann::json;

std::string upper(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  return text;
}

/// Objects and lists of an answer that are left out are empty.
const json& part(const json& object, const char* name) {
  static const json none = json::object();
  auto found = object.is_object() ? object.find(name) : object.end();
  return found == object.end() || found->is_null() ? none : *found;
}

std::string attachment_text(const json& attachment, bool capitals) {
  std::string type = attachment.value("type", ""), name = attachment.value("name", "");
  std::string shown = capitals ? upper(type) : type;
  if (type == "dataplane") return shown;
  if (type == "service") return shown + " " + name;
  return shown + " " + name + "(" + attachment.value("service", "") + ")";
}

std::string tags_text(const json& tags, bool capitals) {
  return (capitals ? "SERVICE " : "service ") + tags.value("kuma.io/service", "");
}

/// "port" as a number.
std::string endpoint_text(const json& listener) {
  return "(" + listener.value("protocol", "") + ":" + std::to_string(listener.value("port", 0)) + ")";
}

std::string bound_text(const json& policies, const std::string& indent) {
  std::string out;
  for (const auto& [type, policy] : policies.items())
    out += indent + type + "\n" + indent + "  " + policy.value("name", "") + "\n";
  return out;
}

std::string gateway_policies_text(const json& answer) {
  std::string out = "MESHGATEWAY:\n" + bound_text(part(answer, "policies"), "  ") + "\n";
  for (const json& listener : part(answer, "listeners")) {
    out += "LISTENER " + endpoint_text(listener) + ":\n";
    for (const json& host : part(listener, "hosts")) {
      out += "  " + host.value("hostName", "") + ":\n";
      for (const json& route : part(host, "routes")) {
        out += "    ROUTE " + route.value("route", "") + ":\n";
        for (const json& destination : part(route, "destinations"))
          out += "      " + tags_text(part(destination, "tags"), true) + ":\n" +
                 bound_text(part(destination, "policies"), "        ") + "\n";
      }
    }
  }
  return out;
}

}  // namespace

std::string attached_policies_text(const json& answer) {
  if (answer.value("kind", "") == "MeshGatewayDataplane") return gateway_policies_text(answer);
  std::string out;
  for (const json& item : part(answer, "items")) {
    out += attachment_text(item, true) + ":\n";
    for (const auto& [type, policies] : part(item, "matchedPolicies").items()) {
      // As Kuma prints it: only the first name is indented.
      out += "  " + type + "\n    ";
      for (const json& policy : policies) out += policy.value("name", "") + "\n";
    }
    out += "\n";
  }
  return out;
}

std::string attached_dataplanes_text(const json& answer) {
  std::string out = "Affected data plane proxies:\n\n";
  for (const json& item : part(answer, "items")) {
    if (item.value("kind", "") == "MeshGatewayDataplane") {
      out += "  " + part(item, "gateway").value("name", "") + ":\n";
      for (const json& listener : part(item, "listeners")) {
        out += "    listener " + endpoint_text(listener) + ":\n";
        for (const json& host : part(listener, "hosts")) {
          out += "      " + host.value("hostName", "") + ":\n";
          for (const json& route : part(host, "routes")) {
            out += "        " + route.value("route", "") + ":\n";
            for (const json& tags : part(route, "destinations")) out += "          " + tags_text(tags, false) + "\n";
          }
        }
      }
      out += "\n";
      continue;
    }
    out += "  " + part(item, "dataplane").value("name", "");
    const json& attachments = part(item, "attachments");
    if (attachments.size() != 1 || attachments[0].value("type", "") != "dataplane") {
      out += ":\n";
      for (const json& attachment : attachments) out += "    " + attachment_text(attachment, false) + "\n";
    }
    out += "\n";
  }
  return out;
}

std::string gateway_dataplanes_text(const json& answer) {
  std::string out;
  for (const json& item : part(answer, "items")) out += part(item, "dataplane").value("name", "") + "\n";
  return out;
}

}  // namespace kumasim::cp
