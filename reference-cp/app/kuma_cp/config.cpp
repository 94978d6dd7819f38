#include "reference-cp/app/kuma_cp/config.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include "reference-cp/app/kuma_cp/tls_bounds.hpp"
#include "reference-cp/app/kuma_cp/config_shown.hpp"
#include "reference-cp/app/kuma_cp/settings_multizone.hpp"
#include "reference-cp/app/kuma_cp/settings_shared_store.hpp"
#include "reference-cp/model/duration.hpp"

namespace kumasim::cp {
namespace {

template <class T>
T& value_of(Config& config, T Config::* member) {
  return config.*member;
}
std::string& value_of(Config& config, Setting::Text member) { return member(config); }
std::vector<std::string>& value_of(Config& config, Setting::Texts member) { return member(config); }

/// general.tls* apply to every server, as in Kuma; but there a general minimum, which has a default, takes back what
/// one server asks for beyond it. Here the stricter one counts.
void inherit(TlsSettings& server, const TlsSettings& general) {
  if (general.version_min > server.version_min) server.version_min = general.version_min;
  if (!general.version_max.empty()) server.version_max = general.version_max;
  if (!general.ciphers.empty()) server.ciphers = general.ciphers;
}

/// Sets one member from text; what was expected, where the text will not do.
std::optional<std::string> assign(Config& config, const Setting& setting, const std::string& text) {
  if (!setting.values.empty() && std::ranges::find(setting.values, text) == setting.values.end())
    return fmt::format("one of {}", fmt::join(setting.values, ", "));
  return std::visit(
      [&](auto member) -> std::optional<std::string> {
        auto& value = value_of(config, member);
        using T = std::remove_reference_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string>) {
          value = text;
        } else if constexpr (std::is_same_v<T, bool>) {
          if (text != "true" && text != "false") return "true or false";
          value = text == "true";
        } else if constexpr (std::is_same_v<T, std::vector<std::string>>) {
          value.clear();
          for (std::size_t at = 0; at <= text.size();) {
            auto end = std::min(text.find(',', at), text.size());
            value.push_back(text.substr(at, end - at));
            at = end + 1;
          }
        } else if constexpr (std::is_same_v<T, std::vector<PublicKeySetting>>) {
          return "a list of keys in the configuration file";
        } else if constexpr (std::is_same_v<T, Duration>) {
          auto parsed = parse_duration(text);
          if (!parsed || *parsed < Duration::zero()) return "a duration such as 1s, 500ms or 1h30m";
          value = *parsed;
        } else {
          std::uint32_t number = 0;
          auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
          if (error != std::errc() || end != text.data() + text.size()) return "a whole number";
          if (setting.name.ends_with("ort") && number > 65535) return "a port, 0 to 65535";
          value = number;
        }
        return std::nullopt;
      },
      setting.member);
}

nlohmann::json json_of(const std::vector<PublicKeySetting>& keys) {
  auto out = nlohmann::json::array();
  for (const PublicKeySetting& key : keys) {
    nlohmann::json entry = {{"kid", key.kid}};
    if (!key.key.empty() && key.key_file.empty()) entry["key"] = key.key;
    if (!key.key_file.empty()) entry["keyFile"] = key.key_file;
    if (!key.mesh.empty()) entry["mesh"] = key.mesh;
    out.push_back(std::move(entry));
  }
  return out;
}

nlohmann::json json_of(Config& config, const Setting& setting) {
  return std::visit(
      [&](auto member) -> nlohmann::json {
        const auto& value = value_of(config, member);
        using T = std::remove_cvref_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::vector<PublicKeySetting>>)
          return json_of(value);
        else if constexpr (std::is_same_v<T, Duration>)
          return print_duration(value);
        else
          return value;
      },
      setting.member);
}

const Setting* find_setting(std::string_view name) {
  auto found = std::ranges::find(settings(), name, &Setting::name);
  return found == settings().end() ? nullptr : &*found;
}

/// The name itself, or a branch of it, is among those without effect.
bool without_effect(std::string_view name) {
  return std::ranges::any_of(settings_without_effect(), [&](std::string_view known) {
    return name == known || (name.starts_with(known) && name[known.size()] == '.');
  });
}

bool is_branch(std::string_view name) {
  auto below = [&](std::string_view known) {
    return known.starts_with(name) && known.size() > name.size() && known[name.size()] == '.';
  };
  return std::ranges::any_of(settings(), [&](const Setting& s) { return below(s.name); }) ||
         std::ranges::any_of(settings_without_effect(), below);
}

class FileReader {
 public:
  FileReader(Config& config, std::string_view file, std::vector<std::string>* ignored)
      : config_(config), file_(file), ignored_(ignored) {}

  Result<> read(const YAML::Node& node, const std::string& name) {
    if (!name.empty()) {
      if (const Setting* setting = find_setting(name)) return set(node, *setting);
      if (without_effect(name)) {
        if (ignored_) ignored_->push_back(name);
        if (node.IsScalar()) config_.passive[name] = node.Scalar();
        return {};
      }
      if (!is_branch(name)) {
        // Kuma passes it over in silence (pkg/config/loader.go): a file for a newer version still serves.
        if (ignored_) ignored_->push_back(at(node, name, "there is no such setting").error().message);
        return {};
      }
    }
    if (node.IsNull()) return {};
    if (!node.IsMap()) return at(node, name, "expected a map of settings");
    for (const auto& entry : node) {
      auto key = entry.first.as<std::string>();
      auto done = read(entry.second, name.empty() ? key : name + "." + key);
      if (!done) return done;
    }
    return {};
  }

 private:
  Result<> set(const YAML::Node& node, const Setting& setting) {
    if (node.IsNull()) return {};
    if (const auto* texts = std::get_if<Setting::Texts>(&setting.member)) return set_texts(node, setting, *texts);
    if (const auto* keys = std::get_if<Setting::Keys>(&setting.member)) return set_keys(node, setting, config_.**keys);
    if (!node.IsScalar()) return at(node, setting.name, "expected a single value");
    if (auto expected = assign(config_, setting, node.Scalar()))
      return at(node, setting.name, fmt::format("expected {}, found \"{}\"", *expected, node.Scalar()));
    return {};
  }

  Result<> set_texts(const YAML::Node& node, const Setting& setting, Setting::Texts texts) {
    if (!node.IsSequence()) return at(node, setting.name, "expected a list");
    texts(config_).clear();
    for (const auto& entry : node) {
      if (!entry.IsScalar()) return at(entry, setting.name, "expected a list of texts");
      texts(config_).push_back(entry.Scalar());
    }
    return {};
  }

  /// As Kuma judges a key: an id, and either its text or its file.
  Result<> set_keys(const YAML::Node& node, const Setting& setting, std::vector<PublicKeySetting>& keys) {
    if (!node.IsSequence()) return at(node, setting.name, "expected a list of keys");
    keys.clear();
    for (const auto& entry : node) {
      if (!entry.IsMap()) return at(entry, setting.name, "expected a key: kid, and key or keyFile");
      PublicKeySetting key;
      for (const auto& field : entry) {
        std::string name = field.first.as<std::string>();
        if (!field.second.IsScalar()) return at(field.second, setting.name, name + ": expected a single value");
        std::string* to = name == "kid"       ? &key.kid
                          : name == "key"     ? &key.key
                          : name == "keyFile" ? &key.key_file
                          : name == "mesh"    ? &key.mesh
                                              : nullptr;
        if (to == nullptr) return at(field.first, setting.name, "there is no such field: " + name);
        *to = field.second.Scalar();
      }
      if (key.kid.empty()) return at(entry, setting.name, ".KID is required");
      if (key.key.empty() && key.key_file.empty())
        return at(entry, setting.name, "either .KeyFile or .Key has to be defined");
      if (!key.key.empty() && !key.key_file.empty())
        return at(entry, setting.name, "both .KeyFile or .Key cannot be defined");
      keys.push_back(std::move(key));
    }
    return {};
  }

  Result<> at(const YAML::Node& node, std::string_view name, std::string what) {
    return fail(Code::invalid_argument, fmt::format("{}:{}: {}: {}", file_, node.Mark().line + 1, name, what),
                std::string(name));
  }

  Config& config_;
  std::string_view file_;
  std::vector<std::string>* ignored_;
};

/// As Kuma judges them, and the refresh interval too, whose zero would end it at the first stream.
Result<> check_hds(const Config& config) {
  for (auto [value, name] :
       {std::pair(config.hds_interval, "interval"), std::pair(config.hds_refresh_interval, "refreshInterval"),
        std::pair(config.hds_check_timeout, "checkDefaults.timeout"),
        std::pair(config.hds_check_interval, "checkDefaults.interval"),
        std::pair(config.hds_check_no_traffic_interval, "checkDefaults.noTrafficInterval")})
    if (value <= Duration::zero()) {
      std::string setting = fmt::format("dpServer.hds.{}", name);
      return fail(Code::invalid_argument, setting + " must be greater than 0s", setting);
    }
  return {};
}

/// The ages as Kuma judges them: nothing would be offline for less. Without an interval insights and available services
/// would be written after every change.
Result<> check_positive(const Config& config) {
  for (auto [value, setting] : {std::pair(config.dataplane_cleanup_age, "runtime.universal.dataplaneCleanupAge"),
                                std::pair(config.zone_proxy_cleanup_age, "runtime.universal.zoneResourceCleanupAge"),
                                std::pair(config.mesh_insight_interval, "metrics.mesh.minResyncInterval"),
                                std::pair(config.ingress_update_interval, "multizone.zone.ingressUpdateInterval")})
    if (value <= Duration::zero())
      return fail(Code::invalid_argument, fmt::format("{} must be positive", setting), setting);
  return {};
}

}  // namespace

Result<Config> load_config(std::string_view yaml, std::string_view file, const Environment& environment,
                           std::vector<std::string>* ignored) {
  Config config;
  try {
    YAML::Node root = YAML::Load(std::string(yaml));
    auto read = FileReader(config, file, ignored).read(root, "");
    if (!read) return fail(read.error());
  } catch (const YAML::Exception& error) {
    return fail(Code::invalid_argument, fmt::format("{}:{}: not valid YAML: {}", file, error.mark.line + 1, error.msg));
  }
  for (const Setting& setting : settings()) {
    if (setting.variable.empty()) continue;
    auto value = environment(setting.variable);
    if (!value || value->empty()) continue;
    if (auto expected = assign(config, setting, *value))
      return fail(Code::invalid_argument,
                  fmt::format("{}: expected {}, found \"{}\"", setting.variable, *expected, *value),
                  std::string(setting.name));
  }
  for (std::string& name : passive_names())
    if (auto value = environment(variable_of(name)); value && !value->empty())
      config.passive[std::move(name)] = std::move(*value);
  // What Kuma derives from other settings.
  auto inherit_text = [](std::string& value, const std::string& from) {
    if (value.empty()) value = from;
  };
  inherit_text(config.dp_server_certificate, config.certificate);
  inherit_text(config.dp_server_key, config.key);
  inherit_text(config.api_https_certificate, config.certificate);
  inherit_text(config.api_https_key, config.key);
  inherit_text(config.kds_certificate, config.certificate);
  inherit_text(config.kds_key, config.key);
  // Of who serves no zones those of KDS are not judged.
  const bool serves_zones = config.mode == "global";
  std::vector servers = {std::pair(&config.dp_server_tls, "dpServer"),
                         std::pair(&config.api_https_tls, "apiServer.https")};
  if (serves_zones) servers.emplace_back(&config.kds_server_tls, "multizone.global.kds");
  if (config.store_type == "postgres") servers.emplace_back(&config.inter_cp_tls, "interCp.server");
  for (auto [tls, name] : servers)
    if (auto bounds = tls_bounds(*tls, name); !bounds) return fail(bounds.error());
  for (auto [tls, name] : servers) inherit(*tls, config.general_tls);
  if (!serves_zones) inherit(config.kds_server_tls, config.general_tls);
  if (auto bounds = tls_bounds(config.general_tls, "general"); !bounds) return fail(bounds.error());
  for (auto [tls, name] : servers)
    if (auto bounds = tls_bounds(*tls, name); !bounds) return fail(bounds.error());
  if (config.xds_port == 0) config.xds_port = config.dp_server_port;
  if (config.mode == "standalone") config.mode = "zone";
  if (auto hds = check_hds(config); !hds) return fail(hds.error());
  if (auto positive = check_positive(config); !positive) return fail(positive.error());
  if (auto multizone = check_multizone(config); !multizone) return fail(multizone.error());
  if (auto shared = check_shared_store(config); !shared) return fail(shared.error());
  for (auto [certificate, key, name] :
       {std::tuple(&config.dp_server_certificate, &config.dp_server_key, "dpServer"),
        std::tuple(&config.api_https_certificate, &config.api_https_key, "apiServer.https"),
        std::tuple(&config.kds_certificate, &config.kds_key, "multizone.global.kds"),
        std::tuple(&config.certificate, &config.key, "general")})
    if (certificate->empty() != key->empty() && (certificate != &config.kds_certificate || serves_zones))
      return fail(Code::invalid_argument,
                  fmt::format("{0}.tlsCertFile and {0}.tlsKeyFile have to be set together", name), std::string(name));
  return config;
}

nlohmann::json setting_value(const Config& config, const Setting& setting) {
  Config copy = config;  // members are reached by references that could write
  return json_of(copy, setting);
}

KeySpec key_spec(const std::string& text) { return {.rsa_bits = text == "rsa-2048" ? 2048u : 0u}; }

nlohmann::json config_to_json(const Config& config) {
  nlohmann::json out = shown_passives(config.passive);
  // Kuma's servers that are not here have the general certificate too.
  for (nlohmann::json* server : {&out["diagnostics"], &out["monitoringAssignmentServer"]}) {
    if ((*server)["tlsCertFile"] == "") (*server)["tlsCertFile"] = config.certificate;
    if ((*server)["tlsKeyFile"] == "") (*server)["tlsKeyFile"] = config.key;
  }
  Config copy = config;  // members are reached by references that could write
  for (const Setting& setting : settings()) {
    // What Kuma does not have would surprise who reads the answer by Kuma's schema.
    bool is_own = setting.variable.starts_with("KUMASIM_") || setting.name == "store.sqlite.path";
    if (is_own) continue;
    nlohmann::json* node = &out;
    std::string_view rest = setting.name;
    for (std::size_t dot; (dot = rest.find('.')) != std::string_view::npos; rest = rest.substr(dot + 1))
      node = &(*node)[std::string(rest.substr(0, dot))];
    (*node)[std::string(rest)] = json_of(copy, setting);
  }
  out["store"]["postgres"]["password"] = hidden;
  // Kuma leaves these out where they are not set.
  auto& zone = out["multizone"]["zone"];
  if (zone["globalAddress"] == "") zone.erase("globalAddress");
  if (zone["disableOriginLabelValidation"] == false) zone.erase("disableOriginLabelValidation");
  for (nlohmann::json* labels : {&zone["kds"]["labels"], &out["multizone"]["global"]["kds"]["labels"]})
    if ((*labels)["skipPrefixes"].empty()) labels->erase("skipPrefixes");
  // Kuma writes this one name in another way than it reads it.
  auto& defaults = out["defaults"];
  defaults["SkipHostnameGenerators"] = defaults["skipHostnameGenerators"];
  defaults.erase("skipHostnameGenerators");
  return out;
}

}  // namespace kumasim::cp
