/// kumactl generate dataplane-token, zone-token, user-token, signing-key, public-key.
#include <algorithm>
#include <array>
#include <map>
#include <ostream>

#include <CLI/CLI.hpp>

#include "reference-cp/app/kumactl/commands.hpp"
#include "reference-cp/app/kumactl/session.hpp"
#include "reference-cp/auth/issuer.hpp"
#include "reference-cp/auth/token_key.hpp"
#include "reference-cp/identity/base64.hpp"
#include "reference-cp/identity/certificate.hpp"
#include "reference-cp/live/disk.hpp"
#include "reference-cp/live/live_runtime.hpp"
#include "reference-cp/model/duration.hpp"

namespace kumasim::cp {

namespace {

using nlohmann::json;

constexpr std::uint32_t signing_key_bits = 2048;  // Kuma's
constexpr std::array<const char*, 2> full_scope = {"ingress", "egress"};

/// What the commands that make a token share.
struct TokenOptions {
  std::string name;
  std::string valid_for;
  std::string kid;
  std::string signing_key_path;
  std::string type, type_old;     // of a proxy
  std::vector<std::string> tags;  // KEY=VALUE,VALUE
  std::string zone;
  std::vector<std::string> scope = {full_scope.begin(), full_scope.end()};
  std::vector<std::string> groups;
};

std::unexpected<Error> usage(std::string text) { return fail(Code::invalid_argument, std::move(text)); }

std::vector<std::string> split(const std::string& text) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at <= text.size();) {
    auto end = std::min(text.find(',', at), text.size());
    out.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return out;
}

/// One KEY=VALUE,VALUE; or several, parted by commas, where there is more than one equals sign.
Result<TagSet> read_tags(const std::vector<std::string>& texts) {
  TagSet out;
  for (const std::string& text : texts) {
    bool several = std::ranges::count(text, '=') > 1;
    for (const std::string& pair : several ? split(text) : std::vector<std::string>{text}) {
      auto sign = pair.find('=');
      if (sign == std::string::npos)
        return usage("invalid argument \"" + text + "\" for \"--tag\" flag: " + pair +
                     " must be formatted as key=value");
      for (auto& value : split(pair.substr(sign + 1))) out[pair.substr(0, sign)].insert(value);
    }
  }
  return out;
}

Result<Duration> read_lifetime(const TokenOptions& options) {
  auto parsed = parse_duration(options.valid_for);
  if (!parsed)
    return usage("invalid argument \"" + options.valid_for +
                 "\" for \"--valid-for\" flag: " + duration_error(options.valid_for));
  return *parsed;
}

/// How one token is asked for, and what it says when it is signed here.
struct Order {
  const char* target;  ///< of the REST API
  const char* what;    ///< in errors
  json request;
  json claims;
};

Result<> make_token(Session& session, const TokenOptions& options, const Order& order) {
  auto valid_for = read_lifetime(options);
  if (!valid_for) return fail(valid_for.error());
  if (options.signing_key_path.empty()) {
    if (!options.kid.empty()) return usage("--kid cannot be used when --signing-key-path is used");
    auto client = session.client();
    if (!client) return fail(client.error());
    json request = order.request;
    request["validFor"] = print_duration(*valid_for);
    auto answer = (*client)->call("POST", order.target, request.dump());
    if (!answer)
      return fail(answer.error().code,
                  std::string("failed to generate a ") + order.what + " token: " + answer.error().message);
    session.out() << answer->body;
    return {};
  }
  if (options.kid.empty()) return usage("--kid is required when --signing-key-path is used");
  auto text = live::read_file(options.signing_key_path);
  if (!text) return fail(text.error());
  auto key = TokenKey::from_private(*text);
  if (!key) return fail(key.error());
  auto& runtime = session.live().runtime();
  auto token = sign_token(*key, options.kid, order.claims, {runtime.clock.wall_now(), *valid_for}, runtime.random);
  if (!token) return fail(token.error());
  session.out() << *token;
  return {};
}

Result<> dataplane_token(Session& session, const TokenOptions& options) {
  auto tags = read_tags(options.tags);
  if (!tags) return fail(tags.error());
  if (!options.type_old.empty())
    session.error() << "Flag --type has been deprecated, please use --proxy-type instead\n";
  const std::string& type = options.type.empty() ? options.type_old : options.type;
  DataplaneIdentity identity{.mesh = session.mesh, .name = options.name, .type = type, .tags = *tags};
  json request = {{"name", options.name}, {"mesh", session.mesh}, {"tags", json::object()}, {"type", type}};
  for (const auto& [tag, values] : *tags) request["tags"][tag] = values;
  return make_token(session, options, {"/tokens/dataplane", "dataplane", std::move(request), to_claims(identity)});
}

Result<> zone_token(Session& session, const TokenOptions& options) {
  std::string unknown;
  for (const auto& scope : options.scope)
    if (std::ranges::find(full_scope, scope) == full_scope.end()) unknown += (unknown.empty() ? "" : " ") + scope;
  if (!unknown.empty()) return usage("invalid --scope values: [" + unknown + "] (supported scopes: [ingress egress])");
  json request = {{"zone", options.zone}, {"scope", options.scope}};
  ZoneIdentity identity{.zone = options.zone, .scope = options.scope};
  return make_token(session, options, {"/tokens/zone", "zone", std::move(request), to_claims(identity)});
}

Result<> user_token(Session& session, const TokenOptions& options) {
  json request = {{"name", options.name}, {"groups", nullptr}};
  if (!options.groups.empty()) request["groups"] = options.groups;
  UserIdentity identity{.name = options.name, .groups = options.groups, .has_groups = !options.groups.empty()};
  return make_token(session, options, {"/tokens/user", "user", std::move(request), to_claims(identity)});
}

Result<> signing_key(Session& session, const std::string& format) {
  if (format != "pem" && format != "pem-base64") return usage("invalid format");
  auto pem = make_key_pem({.rsa_bits = signing_key_bits});
  if (!pem) return fail(pem.error().code, "could not generate signing key: " + pem.error().message);
  session.out() << (format == "pem" ? *pem : base64_encode(*pem));
  return {};
}

Result<> public_key(Session& session, const std::string& path) {
  auto text = live::read_file(path);
  if (!text) return fail(text.error().code, "could not read a signing key file: " + text.error().message);
  auto key = TokenKey::from_private(*text);
  if (!key || text->find("-----BEGIN") == std::string::npos)
    return usage("provided file is not a PEM-encoded signing key");
  auto pem = key->public_pem();
  if (!pem) return fail(pem.error().code, "could not extract public key: " + pem.error().message);
  session.out() << *pem;
  return {};
}

using TokenCommand = Result<> (*)(Session&, const TokenOptions&);

/// Missing flags are told as Kuma tells them, in the order of their names.
Result<> check_required(const std::vector<std::pair<const char*, const std::string*>>& flags) {
  std::string missing;
  for (const auto& [name, value] : flags)
    if (value->empty()) missing += std::string(missing.empty() ? "" : ", ") + '"' + name + '"';
  if (!missing.empty()) return usage("required flag(s) " + missing + " not set");
  return {};
}

std::shared_ptr<TokenOptions> add_token_command(
    CLI::App& command, Session& session, TokenCommand run,
    std::vector<std::pair<const char*, std::string TokenOptions::*>> needed) {
  auto options = std::make_shared<TokenOptions>();
  command.add_option("--valid-for", options->valid_for, "how long the token will be valid (for example \"24h\")");
  command.add_option("--signing-key-path", options->signing_key_path,
                     "path to a file that contains private signing key. When specified, control plane won't be used to "
                     "issue the token.");
  command.add_option("--kid", options->kid,
                     "ID of the key that is used to issue a token. Required when --signing-key-path is used.");
  command.callback([&session, options, run, needed = std::move(needed)] {
    session.offline = !options->signing_key_path.empty();
    session.action = [&session, options, run, needed]() -> Result<> {
      std::vector<std::pair<const char*, const std::string*>> flags;
      for (const auto& [name, member] : needed) flags.emplace_back(name, &((*options).*member));
      if (auto complete = check_required(flags); !complete) return complete;
      return run(session, *options);
    };
  });
  return options;
}

}  // namespace

void add_generate_token(CLI::App& generate, Session& session) {
  auto* dataplane =
      generate.add_subcommand("dataplane-token", "Generate Dataplane Token that is used to prove Dataplane identity.");
  auto dataplane_options =
      add_token_command(*dataplane, session, dataplane_token, {{"valid-for", &TokenOptions::valid_for}});
  dataplane->add_option("--name", dataplane_options->name, "name of the Dataplane");
  dataplane->add_option("-m,--mesh", session.mesh, "mesh to use");
  dataplane->add_option("--proxy-type", dataplane_options->type, "type of the Dataplane (\"dataplane\", \"ingress\")");
  dataplane->add_option("--type", dataplane_options->type_old, "")->group("");
  dataplane
      ->add_option("--tag", dataplane_options->tags,
                   "required tag values for dataplane (split values by comma to provide multiple values)")
      ->allow_extra_args(false);

  auto* zone = generate.add_subcommand("zone-token",
                                       "Generate Zone Token that is used to prove identity of zone components (Zone "
                                       "Ingress, Zone Egress).");
  auto zone_options = add_token_command(*zone, session, zone_token,
                                        {{"valid-for", &TokenOptions::valid_for}, {"zone", &TokenOptions::zone}});
  zone->add_option("--zone", zone_options->zone, "name of the zone where resides");
  zone->add_option("--scope", zone_options->scope,
                   "scope of resources which the token will be able to identify (can be: [ingress egress])")
      ->delimiter(',')
      ->allow_extra_args(false);

  auto* user = generate.add_subcommand("user-token", "Generate User Token that is used to prove User identity.");
  auto user_options = add_token_command(*user, session, user_token,
                                        {{"name", &TokenOptions::name}, {"valid-for", &TokenOptions::valid_for}});
  user->add_option("--name", user_options->name, "name of the user");
  user->add_option("--group", user_options->groups, "group of the user")->delimiter(',')->allow_extra_args(false);

  auto* key = generate.add_subcommand("signing-key", "Generate a private key for signing tokens.");
  auto format = std::make_shared<std::string>("pem-base64");
  key->add_option("--format", *format, "format of signing key. Available values :pem-base64, pem");
  key->callback([&session, format] {
    session.offline = true;
    session.action = [&session, format] { return signing_key(session, *format); };
  });

  auto* public_part = generate.add_subcommand("public-key", "Generate a public key for validating tokens.");
  auto path = std::make_shared<std::string>();
  public_part->add_option("--signing-key-path", *path, "path to a file with PEM-encoded private signing key");
  public_part->callback([&session, path] {
    session.offline = true;
    session.action = [&session, path]() -> Result<> {
      if (auto complete = check_required({{"signing-key-path", path.get()}}); !complete) return complete;
      return public_key(session, *path);
    };
  });
}

}  // namespace kumasim::cp
