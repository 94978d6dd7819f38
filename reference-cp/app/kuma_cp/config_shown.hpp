/// How settings are shown: what they hold, and those of Kuma that change nothing here with their defaults.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include <nlohmann/json_fwd.hpp>

namespace kumasim::cp {

struct Config;
struct Setting;

/// Stands for a secret.
inline constexpr const char* hidden = "*****";

/// What the configuration holds of one setting; that of a fresh Config is the default.
nlohmann::json setting_value(const Config& config, const Setting& setting);

/// By Kuma's tree of names, with Kuma's defaults.
const nlohmann::json& passive_defaults();

/// The names of the leaves ("store.cache.enabled").
std::vector<std::string> passive_names();

/// The variable of a setting by Kuma's rule: "store.cache.expirationTime" is KUMA_STORE_CACHE_EXPIRATION_TIME.
std::string variable_of(std::string_view name);

/// The defaults, with texts that were given in the types of the defaults.
nlohmann::json shown_passives(const std::map<std::string, std::string>& given);

}  // namespace kumasim::cp
