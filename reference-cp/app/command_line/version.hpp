/// The version that the programs speak for and tell, in Kuma's words.
#pragma once

#include <string>

namespace kumasim::cp {

inline constexpr const char* kuma_product = "Kuma";
inline constexpr const char* kuma_version = "2.12.14";

/// What `version -a` of every program prints (Kuma: pkg/version, FormatDetailedProductInfo), without a line break at
/// its end. What the build was made from is unknown, as in a Kuma that was built without its release scripts: `kumasim
/// version` names the commit.
inline std::string detailed_version() {
  return std::string("Product:       ") + kuma_product + "\nVersion:       " + kuma_version +
         "\nGit Tag:       unknown\nGit Commit:    unknown\nBuild Date:    unknown";
}

}  // namespace kumasim::cp
