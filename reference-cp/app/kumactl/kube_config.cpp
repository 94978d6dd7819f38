#include "reference-cp/app/kumactl/kube_config.hpp"

#include <algorithm>
#include <array>

#include <nlohmann/json.hpp>

#include "reference-cp/identity/base64.hpp"
#include "reference-cp/model/rules/values.hpp"
#include "reference-cp/model/yaml.hpp"

namespace kumasim::cp {
namespace {

using nlohmann::json;

const std::string service_account = "/var/run/secrets/kubernetes.io/serviceaccount/";

std::unexpected<Error> bad(std::string message) { return fail(Code::invalid_argument, std::move(message)); }

struct File {
  std::string directory;
  json document;
};

/// Fields of one cluster or user, and where paths in it start.
struct Entry {
  json fields;
  std::string directory;

  std::string text(const char* field) const { return text_at(fields, field); }
};

/// The first of this name, whose fields are in `inner`.
std::optional<Entry> find(const std::vector<File>& files, const char* list, const char* inner,
                          const std::string& name) {
  for (const File& file : files)
    for (const json& item : at(file.document, list))
      if (text_at(item, "name") == name) return Entry{at(item, inner), file.directory};
  return std::nullopt;
}

class Reader {
 public:
  explicit Reader(const KubeMachine& machine) : machine_(machine) {}

  Result<KubeAccess> read() {
    if (auto loaded = load(); !loaded) return fail(loaded.error());
    std::string context_name;
    for (const File& file : files_)
      if (context_name.empty()) context_name = text_at(file.document, "current-context");
    if (files_.empty() || context_name.empty()) return of_pod();
    auto context = find(files_, "contexts", "context", context_name);
    if (!context) return bad("context \"" + context_name + "\" does not exist");
    auto cluster = find(files_, "clusters", "cluster", context->text("cluster"));
    if (!cluster) return bad("cluster \"" + context->text("cluster") + "\" does not exist");
    const std::string user_name = context->text("user");
    auto user = find(files_, "users", "user", user_name);
    if (!user && !user_name.empty()) return bad("user \"" + user_name + "\" does not exist");
    if (auto done = take_cluster(*cluster); !done) return fail(done.error());
    if (user)
      if (auto done = take_user(*user); !done) return fail(done.error());
    return out_;
  }

 private:
  /// Files that are not there are passed over.
  Result<> load() {
    const std::string names = machine_.variable("KUBECONFIG").value_or("");
    std::vector<std::string> paths;
    if (names.empty()) paths.push_back(machine_.home + "/.kube/config");
    for (std::size_t from = 0; !names.empty() && from <= names.size();) {
      const std::size_t end = std::min(names.find(':', from), names.size());
      if (end > from) paths.push_back(names.substr(from, end - from));
      from = end + 1;
    }
    for (const std::string& path : paths) {
      auto text = machine_.read(path);
      if (!text && text.error().code == Code::not_found) continue;
      if (!text) return fail(text.error());
      auto documents = parse_yaml(*text, path);
      if (!documents) return fail(documents.error());
      const auto slash = path.rfind('/');
      std::string directory = slash == std::string::npos ? "" : path.substr(0, slash + 1);
      if (!documents->empty()) files_.push_back({std::move(directory), documents->front().value});
    }
    return {};
  }

  Result<KubeAccess> of_pod() {
    const std::string host = machine_.variable("KUBERNETES_SERVICE_HOST").value_or("");
    const std::string port = machine_.variable("KUBERNETES_SERVICE_PORT").value_or("");
    auto token = machine_.read(service_account + "token");
    if (host.empty() || port.empty() || !token)
      return fail(Code::not_found,
                  "make sure you set KUBECONFIG environment variable to a valid Kubernetes config file");
    auto trust = machine_.read(service_account + "ca.crt");
    if (!trust) return fail(trust.error());
    const bool ipv6 = host.find(':') != std::string::npos;
    out_.server = "https://" + (ipv6 ? "[" + host + "]" : host) + ":" + port;
    out_.trust_pem = std::move(*trust);
    set_token(*token);
    return out_;
  }

  /// The field itself in base64 (`<field>-data`), else the file that the field names.
  Result<> take(const Entry& entry, const std::string& field, std::string& into) {
    if (const std::string data = entry.text((field + "-data").c_str()); !data.empty()) {
      auto bytes = base64_decode(data);
      if (!bytes) return bad(field + "-data is no base64");
      into = std::move(*bytes);
      return {};
    }
    const std::string path = entry.text(field.c_str());
    if (path.empty()) return {};
    auto text = machine_.read(path.starts_with('/') ? path : entry.directory + path);
    if (!text) return bad("unable to read " + field + ": " + text.error().message);
    into = std::move(*text);
    return {};
  }

  template <std::size_t count>
  static Result<> refuse(const Entry& entry, const std::array<const char*, count>& fields) {
    for (const char* field : fields)
      if (has(entry.fields, field))
        return fail(Code::unsupported, std::string("\"") + field + "\" of a kubeconfig is not supported");
    return {};
  }

  Result<> take_cluster(const Entry& cluster) {
    static constexpr std::array unknown = {"proxy-url", "tls-server-name"};
    if (auto done = refuse(cluster, unknown); !done) return done;
    out_.server = cluster.text("server");
    if (out_.server.empty()) return bad("no server found for the current context");
    out_.skip_verify = at(cluster.fields, "insecure-skip-tls-verify") == true;
    return take(cluster, "certificate-authority", out_.trust_pem);
  }

  Result<> take_user(const Entry& user) {
    static constexpr std::array unknown = {"exec", "auth-provider", "as", "as-uid", "as-groups", "as-user-extra"};
    if (auto done = refuse(user, unknown); !done) return done;
    if (auto done = take(user, "client-certificate", out_.certificate_pem); !done) return done;
    if (auto done = take(user, "client-key", out_.key_pem); !done) return done;
    std::string token = user.text("token");
    if (const std::string path = user.text("tokenFile"); !path.empty()) {
      auto text = machine_.read(path.starts_with('/') ? path : user.directory + path);
      if (!text) return bad("unable to read tokenFile: " + text.error().message);
      token = std::move(*text);
    }
    if (!token.empty())
      set_token(token);
    else if (const std::string name = user.text("username"); !name.empty())
      out_.authorization = "Basic " + base64_encode(name + ":" + user.text("password"));
    return {};
  }

  void set_token(std::string token) {
    while (token.ends_with('\n') || token.ends_with(' ')) token.pop_back();
    out_.authorization = "Bearer " + token;
  }

  const KubeMachine& machine_;
  std::vector<File> files_;
  KubeAccess out_;
};

}  // namespace

Result<KubeAccess> kube_access(const KubeMachine& machine) { return Reader(machine).read(); }

}  // namespace kumasim::cp
