/// kumactl apply: files, standard input or a URL, with variables, to the control plane or only to the screen.
#include <map>
#include <ostream>

#include <CLI/CLI.hpp>

#include "kumasim/transport/http.hpp"
#include "kumasim/transport/url.hpp"
#include "reference-cp/app/kumactl/blocking.hpp"
#include "reference-cp/app/kumactl/commands.hpp"
#include "reference-cp/app/kumactl/printing.hpp"
#include "reference-cp/app/kumactl/resource_path.hpp"
#include "reference-cp/app/kumactl/session.hpp"
#include "reference-cp/live/disk.hpp"
#include "reference-cp/model/codec.hpp"
#include "reference-cp/model/yaml.hpp"

namespace kumasim::cp {

namespace {

constexpr Duration download_max = std::chrono::seconds(10);

struct Options {
  std::string file;
  std::vector<std::string> variables;
  bool dry_run = false;
};

/// `a=b` pairs; a value may hold commas only where no `=` follows, as pflag's map flags read them.
Result<std::map<std::string, std::string>> to_variables(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> variables;
  for (const auto& text : texts) {
    std::string_view rest = text;
    while (!rest.empty()) {
      auto pair = rest.substr(0, rest.find(','));
      auto equals = pair.find('=');
      if (equals == std::string_view::npos)
        return fail(Code::invalid_argument, "invalid argument \"" + text + "\" for \"-v, --var\" flag: " +
                                                std::string(pair) + " must be formatted as key=value");
      variables[std::string(pair.substr(0, equals))] = std::string(pair.substr(equals + 1));
      rest.remove_prefix(std::min(rest.size(), pair.size() + 1));
    }
  }
  return variables;
}

std::string trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return std::string(text);
}

/// `{{name}}` becomes its value, an unknown name nothing (mustache's rule, which Kuma's templates have).
std::string render(std::string_view text, const std::map<std::string, std::string>& variables) {
  std::string out;
  for (;;) {
    auto open = text.find("{{");
    auto close = open == std::string_view::npos ? open : text.find("}}", open);
    if (close == std::string_view::npos) return out + std::string(text);
    out += text.substr(0, open);
    auto found = variables.find(trimmed(text.substr(open + 2, close - open - 2)));
    if (found != variables.end()) out += found->second;
    text.remove_prefix(close + 2);
  }
}

Result<std::string> download(Session& session, const std::string& url) {
  auto& runtime = session.live().runtime();
  TlsOptions options{.clock = &runtime.clock};
  if (auto text = live::read_file("/etc/ssl/certs/ca-certificates.crt")) options.trust_pem = std::move(*text);
  auto tls = TlsContext::create(options);
  if (!tls) return fail(tls.error());
  auto got = run_blocking(session.live(), http_call(runtime.network, runtime.timers, url, {}, &*tls, download_max));
  if (!got) return fail(got.error().code, "error with GET http request: " + got.error().message);
  if (got->status != 200)
    return fail(Code::unavailable, "error while retrieving URL: status " + std::to_string(got->status));
  return std::move(got->body);
}

Result<std::string> read(Session& session, const std::string& file) {
  if (file.starts_with("http://") || file.starts_with("https://")) return download(session, file);
  auto text = live::read_file(file);
  if (!text) return fail(text.error().code, "error while reading provided file: " + text.error().message);
  return text;
}

/// Every resource of the text; all that is wrong is told before any of it is applied.
Result<std::vector<Resource>> to_resources(Session& session, const std::string& text, const std::string& file) {
  auto refused = fail(Code::invalid_argument, "failed to validate some resources");
  auto documents = parse_yaml(text, file);
  if (!documents) {
    session.error() << "failed to parse resource: " << documents.error().message << "\n";
    return refused;
  }
  std::vector<Resource> resources;
  auto broken = false;
  for (std::size_t i = 0; i < documents->size(); ++i) {
    if ((*documents)[i].value.is_null()) continue;
    auto resource = resource_from_document((*documents)[i], file);
    if (resource) {
      resources.push_back(std::move(*resource));
      continue;
    }
    session.error() << "resource[" << i << "]: failed to parse resource: " << resource.error().message << "\n";
    broken = true;
  }
  if (broken) return refused;
  if (resources.empty()) return fail(Code::invalid_argument, "no resource(s) passed to apply");
  return resources;
}

/// Times are the control plane's.
nlohmann::json to_body(const Resource& resource) {
  auto body = resource_to_json(resource);
  body.erase("creationTime");
  body.erase("modificationTime");
  return body;
}

Result<> put(Session& session, RestClient& client, const Resource& resource) {
  const auto& kind = *resource.kind;
  auto name =
      "resource type=\"" + kind.type() + "\" mesh=\"" + resource.meta.mesh + "\" name=\"" + resource.meta.name + "\"";
  auto answer =
      client.call("PUT", resource_path(kind, resource.meta.mesh, resource.meta.name), to_body(resource).dump());
  if (!answer) return fail(answer.error().code, name + ": failed server side: " + answer.error().message);
  session.out() << name << (answer->status == 201 ? " Created" : " Updated") << "\n";
  if (!answer->json.is_object() || !answer->json.contains("warnings")) return {};
  for (const auto& warning : answer->json["warnings"])
    if (warning.is_string()) session.error() << "Warning: " << warning.get<std::string>() << "\n";
  return {};
}

Result<> apply(Session& session, const Options& options) {
  if (options.file.empty()) return fail(Code::invalid_argument, "required flag(s) \"file\" not set");
  session.check_compatibility();
  auto text = read(session, options.file);
  if (!text) return fail(text.error());
  if (text->empty()) return fail(Code::invalid_argument, "no resource(s) passed to apply");
  auto variables = to_variables(options.variables);
  if (!variables) return fail(variables.error());
  if (!variables->empty()) *text = render(*text, *variables);
  auto resources = to_resources(session, *text, options.file == "-" ? "stdin" : options.file);
  if (!resources) return fail(resources.error());
  if (options.dry_run) {
    for (std::size_t i = 0; i < resources->size(); ++i) {
      const auto& resource = (*resources)[i];
      auto body = to_body(resource);
      for (const auto* time : {"creationTime", "modificationTime"}) body[time] = "0001-01-01T00:00:00Z";
      if (i > 0) session.out() << "---\n";
      if (auto done = print_resource(session.out(), *resource.kind, body, "yaml"); !done) return done;
    }
    return {};
  }
  auto client = session.client();
  if (!client) return fail(client.error());
  for (const auto& resource : *resources)
    if (auto done = put(session, **client, resource); !done) return done;
  return {};
}

}  // namespace

void add_apply(CLI::App& root, Session& session) {
  auto* command = root.add_subcommand("apply", "Create or modify Kuma resources.");
  auto options = std::make_shared<Options>();
  command->add_option("-f,--file", options->file, "Path to file to apply. Pass `-` to read from stdin");
  command->add_option("-v,--var", options->variables, "Variable to replace in configuration")->allow_extra_args(false);
  command->add_flag("--dry-run", options->dry_run, "Resolve variable and prints result out without actual applying");
  command->callback([&session, options] { session.action = [&session, options] { return apply(session, *options); }; });
}

}  // namespace kumasim::cp
