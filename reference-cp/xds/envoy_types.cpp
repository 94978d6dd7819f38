#include "reference-cp/xds/envoy_types.hpp"

#include <cassert>
#include <map>

#include <google/protobuf/any.pb.h>
#include <google/protobuf/descriptor.h>
#include <google/protobuf/descriptor.pb.h>
#include <google/protobuf/dynamic_message.h>
#include <google/protobuf/io/gzip_stream.h>
#include <google/protobuf/io/zero_copy_stream_impl_lite.h>
#include <google/protobuf/message.h>
#include <google/protobuf/text_format.h>
#include <google/protobuf/type.pb.h>
#include <google/protobuf/util/json_util.h>
#include <google/protobuf/util/type_resolver_util.h>

#include "reference-cp/xds/wire.hpp"

// tools/envoy_api/descriptors.py writes these.
extern const unsigned char kumasim_whole_api[];
extern const unsigned long kumasim_whole_api_size;

namespace kumasim::cp::envoy_types {
namespace {

using google::protobuf::Descriptor;
using google::protobuf::DescriptorPool;
using google::protobuf::FileDescriptorProto;
using google::protobuf::Message;
namespace util = google::protobuf::util;

/// Kuma's filter on ports of Kafka. It belongs to Envoy's contrib, so the pinned executable does not have it.
constexpr const char* kafka_broker = R"(
name: "contrib/envoy/extensions/filters/network/kafka_broker/v3/kafka_broker.proto"
package: "envoy.extensions.filters.network.kafka_broker.v3"
syntax: "proto3"
message_type {
  name: "KafkaBroker"
  field { name: "stat_prefix" number: 1 label: LABEL_OPTIONAL type: TYPE_STRING }
  field { name: "force_response_rewrite" number: 2 label: LABEL_OPTIONAL type: TYPE_BOOL }
  field {
    name: "id_based_broker_address_rewrite_spec" number: 3 label: LABEL_OPTIONAL type: TYPE_MESSAGE
    type_name: ".envoy.extensions.filters.network.kafka_broker.v3.IdBasedBrokerRewriteSpec" oneof_index: 0
  }
  field { name: "api_keys_allowed" number: 4 label: LABEL_REPEATED type: TYPE_UINT32 }
  field { name: "api_keys_denied" number: 5 label: LABEL_REPEATED type: TYPE_UINT32 }
  oneof_decl { name: "broker_address_rewrite_spec" }
}
message_type {
  name: "IdBasedBrokerRewriteSpec"
  field {
    name: "rules" number: 1 label: LABEL_REPEATED type: TYPE_MESSAGE
    type_name: ".envoy.extensions.filters.network.kafka_broker.v3.IdBasedBrokerRewriteRule"
  }
}
message_type {
  name: "IdBasedBrokerRewriteRule"
  field { name: "id" number: 1 label: LABEL_OPTIONAL type: TYPE_UINT32 }
  field { name: "host" number: 2 label: LABEL_OPTIONAL type: TYPE_STRING }
  field { name: "port" number: 3 label: LABEL_OPTIONAL type: TYPE_UINT32 }
}
)";

std::string name_of(std::string_view type_url) { return std::string(type_url.substr(type_url.rfind('/') + 1)); }

/// Over the compiled messages: what these name is theirs.
class WholeApi {
 public:
  WholeApi() : pool_(DescriptorPool::generated_pool()), factory_(&pool_) {
    factory_.SetDelegateToGeneratedFactory(true);
  }

  const Descriptor* find(const std::string& name) {
    if (name.empty()) return nullptr;
    if (const Descriptor* known = pool_.FindMessageTypeByName(name)) return known;
    if (files_.empty()) read();
    auto file = file_of_type_.find(name);
    if (file == file_of_type_.end() || !build(*file->second)) return nullptr;
    return pool_.FindMessageTypeByName(name);
  }

  std::unique_ptr<Message> make(const Descriptor& type) {
    return std::unique_ptr<Message>(factory_.GetPrototype(&type)->New());
  }

  const DescriptorPool& pool() const { return pool_; }

 private:
  void read() {
    auto whole = read_descriptors({reinterpret_cast<const char*>(kumasim_whole_api), kumasim_whole_api_size});
    assert(whole && "the program's own descriptors can be read");
    set_ = *std::move(whole);
    // Last: an executable with contrib has its own.
    const bool parsed = google::protobuf::TextFormat::ParseFromString(kafka_broker, set_.add_file());
    assert(parsed);
    for (const FileDescriptorProto& file : set_.file()) {
      files_.emplace(file.name(), &file);
      const std::string scope = file.package().empty() ? "" : file.package() + ".";
      for (const auto& message : file.message_type()) note(file, scope, message);
    }
  }

  void note(const FileDescriptorProto& file, const std::string& scope,
            const google::protobuf::DescriptorProto& message) {
    const std::string name = scope + message.name();
    file_of_type_.emplace(name, &file);
    for (const auto& inner : message.nested_type()) note(file, name + ".", inner);
  }

  /// With what it imports.
  bool build(const FileDescriptorProto& file) {
    if (pool_.FindFileByName(file.name())) return true;
    for (const std::string& name : file.dependency()) {
      if (pool_.FindFileByName(name)) continue;
      auto found = files_.find(name);
      if (found == files_.end() || !build(*found->second)) return false;
    }
    return pool_.BuildFile(file) != nullptr;
  }

  DescriptorPool pool_;
  google::protobuf::DynamicMessageFactory factory_;
  google::protobuf::FileDescriptorSet set_;
  std::map<std::string, const FileDescriptorProto*> files_, file_of_type_;
};

WholeApi& whole_api() {
  static auto* api = new WholeApi;  // messages may outlive everything else
  return *api;
}

class Resolver : public util::TypeResolver {
 public:
  util::Status ResolveMessageType(const std::string& url, google::protobuf::Type* out) override {
    find(url);
    return known_->ResolveMessageType(url, out);
  }
  util::Status ResolveEnumType(const std::string& url, google::protobuf::Enum* out) override {
    return known_->ResolveEnumType(url, out);  // that of a field, whose message has been found
  }

 private:
  std::unique_ptr<TypeResolver> known_{
      util::NewTypeResolverForDescriptorPool("type.googleapis.com", &whole_api().pool())};
};

}  // namespace

Result<google::protobuf::FileDescriptorSet> read_descriptors(std::string_view compressed) {
  google::protobuf::io::ArrayInputStream bytes(compressed.data(), static_cast<int>(compressed.size()));
  google::protobuf::io::GzipInputStream text(&bytes, google::protobuf::io::GzipInputStream::ZLIB);
  google::protobuf::FileDescriptorSet out;
  if (!out.ParseFromZeroCopyStream(&text) || out.file().empty())
    return fail(Code::data_loss, "the compressed descriptors are not whole");
  return out;
}

const Descriptor* find(std::string_view type_url) { return whole_api().find(name_of(type_url)); }

std::unique_ptr<Message> make(const Descriptor& type) { return whole_api().make(type); }

util::TypeResolver& resolver() {
  static auto* out = new Resolver;
  return *out;
}

Result<std::string> to_json(const Message& message) {
  std::string text;
  auto status = util::BinaryToJsonString(&resolver(), type_url_of(message), deterministic_bytes(message), &text);
  if (!status.ok()) return fail(Code::internal, status.ToString());
  return text;
}

}  // namespace kumasim::cp::envoy_types
