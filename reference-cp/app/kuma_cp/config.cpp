#include "reference-cp/app/kuma_cp/config.hpp"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>
#include <yaml-cpp/yaml.h>

#include "reference-cp/model/duration.hpp"

namespace kumasim::cp {
namespace {

/// Sets one member from text; what was expected, where the text will not do.
std::optional<std::string> assign(Config& config, const Setting& setting, const std::string& text) {
  if (!setting.values.empty() && std::ranges::find(setting.values, text) == setting.values.end())
    return fmt::format("one of {}", fmt::join(setting.values, ", "));
  return std::visit(
      [&](auto member) -> std::optional<std::string> {
        auto& value = config.*member;
        using T = std::remove_reference_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string>) {
          value = text;
        } else if constexpr (std::is_same_v<T, bool>) {
          if (text != "true" && text != "false") return "true or false";
          value = text == "true";
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

std::string text_of(const Config& config, const Setting& setting) {
  return std::visit(
      [&](auto member) -> std::string {
        const auto& value = config.*member;
        using T = std::remove_cvref_t<decltype(value)>;
        if constexpr (std::is_same_v<T, std::string>)
          return value;
        else if constexpr (std::is_same_v<T, bool>)
          return value ? "true" : "false";
        else if constexpr (std::is_same_v<T, Duration>)
          return print_duration(value);
        else
          return std::to_string(value);
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
        return {};
      }
      if (!is_branch(name)) return at(node, name, "there is no such setting");
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
    if (!node.IsScalar()) return at(node, setting.name, "expected a single value");
    if (auto expected = assign(config_, setting, node.Scalar()))
      return at(node, setting.name, fmt::format("expected {}, found \"{}\"", *expected, node.Scalar()));
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
    auto value = environment(setting.variable);
    if (!value || value->empty()) continue;
    if (auto expected = assign(config, setting, *value))
      return fail(Code::invalid_argument,
                  fmt::format("{}: expected {}, found \"{}\"", setting.variable, *expected, *value),
                  std::string(setting.name));
  }
  // What Kuma derives from other settings.
  auto inherit = [](std::string& value, const std::string& from) {
    if (value.empty()) value = from;
  };
  inherit(config.dp_server_certificate, config.certificate);
  inherit(config.dp_server_key, config.key);
  inherit(config.api_https_certificate, config.certificate);
  inherit(config.api_https_key, config.key);
  if (config.xds_port == 0) config.xds_port = config.dp_server_port;
  if (config.mode == "standalone") config.mode = "zone";
  for (auto [certificate, key, name] :
       {std::tuple(&config.dp_server_certificate, &config.dp_server_key, "dpServer"),
        std::tuple(&config.api_https_certificate, &config.api_https_key, "apiServer.https"),
        std::tuple(&config.certificate, &config.key, "general")})
    if (certificate->empty() != key->empty())
      return fail(Code::invalid_argument,
                  fmt::format("{0}.tlsCertFile and {0}.tlsKeyFile have to be set together", name), std::string(name));
  return config;
}

KeySpec key_spec(const std::string& text) { return {.rsa_bits = text == "rsa-2048" ? 2048u : 0u}; }

nlohmann::json config_to_json(const Config& config) {
  nlohmann::json out = nlohmann::json::object();
  for (const Setting& setting : settings()) {
    nlohmann::json* node = &out;
    std::string_view rest = setting.name;
    for (std::size_t dot; (dot = rest.find('.')) != std::string_view::npos; rest = rest.substr(dot + 1))
      node = &(*node)[std::string(rest.substr(0, dot))];
    std::string text = text_of(config, setting);
    std::visit(
        [&](auto member) {
          using T = std::remove_cvref_t<decltype(config.*member)>;
          if constexpr (std::is_same_v<T, bool> || std::is_same_v<T, std::uint32_t>)
            (*node)[std::string(rest)] = config.*member;
          else
            (*node)[std::string(rest)] = text;
        },
        setting.member);
  }
  return out;
}

}  // namespace kumasim::cp
