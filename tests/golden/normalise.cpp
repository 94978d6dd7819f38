#include "tests/golden/normalise.hpp"

#include <openssl/sha.h>

#include <functional>
#include <regex>
#include <set>

#include <fmt/format.h>

#include "reference-cp/xds/json_read.hpp"
#include "reference-cp/xds/type_url.hpp"
#include "tests/golden/any_json.hpp"

namespace kumasim::cp::golden {
namespace {

using nlohmann::json;
using Visit = std::function<void(json&)>;

/// Every object and array below, parents first.
void walk(json& value, const Visit& visit) {
  visit(value);
  if (value.is_structured())
    for (json& child : value) walk(child, visit);
}

std::string sha256_hex(const std::string& text) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest);
  std::string result;
  for (unsigned char byte : digest) result += fmt::format("{:02x}", byte);
  return result;
}

/// The document served to kuma-dp as direct responses: its hash and length are checked, then become words.
void dynamic_config(json& value) {
  if (!value.is_object()) return;
  std::size_t longest = 0;
  for (json& host : value.value("virtualHosts", json::array())) (void)host;
  if (!value.contains("virtualHosts")) return;
  std::set<std::string> good;
  for (json& host : value["virtualHosts"]) {
    for (json& route : host["routes"]) {
      json body = at(route, "directResponse", "body", "inlineString");
      if (!body.is_string() || !route.contains("responseHeadersToAdd")) continue;
      std::string text = body.get<std::string>();
      longest = std::max(longest, text.size());
      for (json& header : route["responseHeadersToAdd"])
        if (header["header"]["value"] == sha256_hex(text)) {
          good.insert(sha256_hex(text));
          header["header"]["value"] = "<sha256 of body>";
        }
      route["directResponse"]["body"]["inlineString"] = {{"$json", json::parse(text)}};
    }
    for (json& route : host["routes"])
      if (route["match"].contains("headers"))
        for (json& header : route["match"]["headers"])
          if (json exact = at(header, "stringMatch", "exact");
              exact.is_string() && good.contains(exact.get<std::string>()))
            header["stringMatch"]["exact"] = "<sha256 of body>";
  }
  if (longest && value.value("maxDirectResponseBodySizeBytes", std::size_t(0)) == longest)
    value["maxDirectResponseBodySizeBytes"] = "<length of longest body>";
}

void collect(const json& value, std::set<std::string>& secrets) {
  if (value.is_object() && value.contains("sdsConfig") && value.contains("name") && value["sdsConfig"].contains("ads"))
    secrets.insert(value["name"].get<std::string>());
  if (value.is_structured())
    for (const json& child : value) collect(child, secrets);
}

/// Names in the tables that listeners carry, for kuma-dp or for Envoy's own DNS filter.
void dns_names(json& listener, std::map<std::string, std::set<std::string>>& names) {
  walk(listener, [&](json& value) {
    if (!value.is_object()) return;
    if (json text = at(value, "inlineString"); text.is_string())
      if (json document = json::parse(text.get<std::string>(), nullptr, false); document.contains("records"))
        for (const json& record : document["records"])
          for (const json& ip : record["ips"]) names[ip.get<std::string>()].insert(record["name"].get<std::string>());
    if (value.contains("inlineDnsTable"))
      for (const json& domain : at(value, "inlineDnsTable", "virtualDomains"))
        for (const json& ip : at(domain, "endpoint", "addressList", "address"))
          names[ip.get<std::string>()].insert(text_at(domain, "name"));
  });
}

/// A string, keys of objects included.
json substitute(const json& value, const std::function<std::string(const std::string&)>& change) {
  if (value.is_string()) return change(value.get<std::string>());
  if (value.is_object()) {
    json result = json::object();
    for (const auto& [key, child] : value.items()) result[change(key)] = substitute(child, change);
    return result;
  }
  if (!value.is_array()) return value;
  json result = json::array();
  for (const json& child : value) result.push_back(substitute(child, change));
  return result;
}

}  // namespace

Canonical decode(const Snapshot& snapshot) {
  Canonical result;
  std::set<std::string> endpoints, secrets;
  for (std::string_view type : {type_url::listener, type_url::cluster, type_url::route})
    for (const auto& [name, resource] : snapshot.of(type)) {
      json value = any_to_json(*resource->any);
      collect(value, secrets);
      if (type == type_url::cluster && text_at(value, "type") == "EDS") {
        std::string service = text_at(value, "edsClusterConfig", "serviceName");
        endpoints.insert(service.empty() ? name : service);
      }
      result[std::string(type)][name] = std::move(value);
    }
  auto wanted = [&](std::string_view type, const std::set<std::string>& names) {
    for (const auto& [name, resource] : snapshot.of(type))
      if (names.contains(name)) result[std::string(type)][name] = any_to_json(*resource->any);
  };
  wanted(type_url::endpoint, endpoints);
  wanted(type_url::secret, secrets);
  return result;
}

void VipNames::learn(const std::map<std::string, Canonical>& proxies) {
  std::map<std::string, std::set<std::string>> names, routes;
  for (const auto& [proxy, canonical] : proxies) {
    auto listeners = canonical.find(std::string(type_url::listener));
    if (listeners == canonical.end()) continue;
    for (const auto& [name, held] : listeners->second) {
      json listener = held;
      std::string address = text_at(listener, "address", "socketAddress", "address");
      if (address.empty() || text_at(listener, "address", "socketAddress", "protocol") == "UDP")
        dns_names(listener, names);
      if (!address.starts_with("240.")) continue;
      std::string service = text_at(listener, "metadata", "filterMetadata", "io.kuma.tags", "kuma.io/service");
      std::string stats;
      for (const json& chain : at(listener, "filterChains"))
        for (const json& filter : at(chain, "filters"))
          stats += (stats.empty() ? "" : "+") + text_at(filter, "typedConfig", "statPrefix");
      routes[address].insert(service.empty() ? stats : service);
    }
  }
  for (const auto& [address, all] : routes) {
    std::string joined;
    for (const std::string& route : all) joined += (joined.empty() ? "" : "+") + route;
    if (!names_.contains(address)) names_[address] = "<vip " + joined + ">";
  }
  for (const auto& [address, all] : names)
    if (address.starts_with("240.")) names_[address] = "<vip " + *all.begin() + ">";
}

std::string VipNames::replace(const std::string& text) const {
  static const std::regex v4(R"((24[0-3])\.(\d{1,3})\.(\d{1,3})\.(\d{1,3}))");
  static const std::regex v6(R"(::ffff:f([0-3])([0-9a-f]{2}):([0-9a-f]{1,4}))");
  auto with = [this](const std::string& from, const std::regex& pattern, auto address) {
    std::string result;
    auto begin = from.cbegin();
    for (std::sregex_iterator it(from.begin(), from.end(), pattern), end; it != end; ++it) {
      result.append(begin, from.cbegin() + it->position());
      auto found = names_.find(address(*it).second);
      result += found == names_.end() ? it->str() : address(*it).first + found->second;
      begin = from.cbegin() + it->position() + it->length();
    }
    return result.append(begin, from.cend());
  };
  if (text.find("24") == std::string::npos && text.find("::ffff:f") == std::string::npos) return text;
  std::string once = with(text, v4, [](const std::smatch& m) { return std::pair(std::string(), m.str()); });
  return with(once, v6, [](const std::smatch& m) {
    unsigned low = static_cast<unsigned>(std::stoul(m[3].str(), nullptr, 16));
    return std::pair(std::string("::ffff:"), fmt::format("24{}.{}.{}.{}", m[1].str(),
                                                         std::stoul(m[2].str(), nullptr, 16), low >> 8, low & 255));
  });
}

json without_certificates(json value) {
  walk(value, [](json& each) {
    if (each.is_object() && each.contains("inlineBytes")) each["inlineBytes"] = "<certificate>";
    if (!each.is_object() || !each.contains("inlineString")) return;
    json& text = each["inlineString"];
    if (text.is_array() || (text.is_string() && text.get<std::string>().starts_with("-----BEGIN ")))
      text = "<certificate>";
  });
  return value;
}

Canonical normalise(const Canonical& raw, const VipNames& vips, bool exact) {
  Canonical result;
  for (const auto& [type, resources] : raw)
    for (const auto& [name, held] : resources) {
      json value = without_certificates(held);
      walk(value, dynamic_config);
      if (exact) {
        result[type][name] = std::move(value);
        continue;
      }
      auto change = [&](const std::string& text) { return vips.replace(text); };
      result[type][change(name)] = substitute(value, change);
    }
  return result;
}

}  // namespace kumasim::cp::golden
