#include "reference-cp/xds/ads/response.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

#include "reference-cp/xds/content_hash.hpp"

namespace kumasim::cp {
namespace {

// Field numbers of envoy/service/discovery/v3/discovery.proto; all fields written here are length-delimited.
constexpr std::uint32_t length_delimited = 2;

void put_varint(std::string& out, std::uint64_t value) {
  while (value >= 0x80) {
    out.push_back(static_cast<char>(value | 0x80));
    value >>= 7;
  }
  out.push_back(static_cast<char>(value));
}

std::size_t varint_size(std::uint64_t value) {
  std::size_t n = 1;
  while (value >>= 7) ++n;
  return n;
}

/// Tag and length of a field whose bytes follow.
void put_head(std::string& out, std::uint32_t field, std::size_t size) {
  put_varint(out, field << 3 | length_delimited);
  put_varint(out, size);
}

void put_string(std::string& out, std::uint32_t field, std::string_view value) {
  if (value.empty()) return;
  put_head(out, field, value.size());
  out.append(value);
}

std::size_t string_size(std::string_view value) {
  return value.empty() ? 0 : 1 + varint_size(value.size()) + value.size();
}

void put_control_plane(std::string& out, std::uint32_t field, std::string_view identifier) {
  if (identifier.empty()) return;
  put_head(out, field, string_size(identifier));
  put_string(out, 1, identifier);  // ControlPlane.identifier
}

/// Collects small pieces into one slice until a shared one comes between.
class SliceWriter {
 public:
  std::string& text() { return text_; }
  void share(std::shared_ptr<const std::string> bytes) {
    flush();
    slices_.push_back(std::move(bytes));
  }
  Slices take() {
    flush();
    return std::move(slices_);
  }

 private:
  void flush() {
    if (text_.empty()) return;
    slices_.push_back(std::make_shared<const std::string>(std::move(text_)));
    text_.clear();
  }
  std::string text_;
  Slices slices_;
};

/// Reads one message's length-delimited field; nullopt where it is absent or the bytes are broken.
std::optional<std::string_view> find_field(std::string_view bytes, std::uint32_t wanted) {
  std::size_t at = 0;
  auto varint = [&]() -> std::optional<std::uint64_t> {
    std::uint64_t value = 0;
    for (int shift = 0; at < bytes.size() && shift < 64; shift += 7) {
      auto byte = static_cast<unsigned char>(bytes[at++]);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80)) return value;
    }
    return std::nullopt;
  };
  while (at < bytes.size()) {
    auto tag = varint();
    if (!tag) return std::nullopt;
    switch (*tag & 7) {
      case 0:
        if (!varint()) return std::nullopt;
        break;
      case 1: at += 8; break;
      case 5: at += 4; break;
      case length_delimited: {
        auto size = varint();
        if (!size || *size > bytes.size() - at) return std::nullopt;
        if (*tag >> 3 == wanted) return bytes.substr(at, *size);
        at += *size;
        break;
      }
      default: return std::nullopt;
    }
  }
  return std::nullopt;
}

}  // namespace

Slices frame_response(const ResponseHead& head, const std::vector<XdsResourcePtr>& resources) {
  SliceWriter out;
  put_string(out.text(), 1, head.version);
  for (const auto& resource : resources) {
    put_head(out.text(), 2, resource->any->size());
    out.share(resource->any);
  }
  put_string(out.text(), 4, head.type_url);
  put_string(out.text(), 5, head.nonce);
  put_control_plane(out.text(), 6, head.control_plane);
  return out.take();
}

Slices frame_delta_response(const ResponseHead& head, const std::vector<XdsResourcePtr>& resources,
                            const std::vector<std::string>& removed) {
  SliceWriter out;
  put_string(out.text(), 1, head.version);
  for (const auto& resource : resources) {
    std::size_t any_size = resource->any->size();
    std::size_t size =
        string_size(resource->version) + 1 + varint_size(any_size) + any_size + string_size(resource->name);
    put_head(out.text(), 2, size);
    put_string(out.text(), 1, resource->version);  // Resource.version
    put_head(out.text(), 2, any_size);             // Resource.resource
    out.share(resource->any);
    put_string(out.text(), 3, resource->name);  // Resource.name
  }
  put_string(out.text(), 4, head.type_url);
  put_string(out.text(), 5, head.nonce);
  for (const auto& name : removed) put_string(out.text(), 6, name);
  put_control_plane(out.text(), 7, head.control_plane);
  return out.take();
}

std::string version_of(const std::vector<XdsResourcePtr>& resources) {
  ContentHash hash;
  for (const auto& resource : resources) {
    hash.add(resource->name);
    hash.add(resource->version);
  }
  return hash.hex();
}

std::string endpoint_name(const XdsResource& cluster) {
  auto value = find_field(*cluster.any, 2);  // Any.value
  if (!value) return cluster.name;
  auto eds = find_field(*value, 3);  // Cluster.eds_cluster_config
  if (!eds) return cluster.name;
  auto service = find_field(*eds, 2);  // EdsClusterConfig.service_name
  return service && !service->empty() ? std::string(*service) : cluster.name;
}

}  // namespace kumasim::cp
