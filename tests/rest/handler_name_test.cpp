/// As many names of routes as there are routes, whatever clients ask for.
#include "reference-cp/rest/handler_name.hpp"

#include <gtest/gtest.h>

namespace kumasim::cp {
namespace {

TEST(HandlerName, HasVariablesInBraces) {
  for (auto [path, name] : std::initializer_list<std::pair<const char*, const char*>>{
           {"/", "/"},
           {"/config", "/config"},
           {"/tokens/dataplane", "/tokens/dataplane"},
           {"/meshes", "/meshes"},
           {"/meshes/", "/meshes"},
           {"/meshes/default", "/meshes/{name}"},
           {"/meshes/_overview", "/meshes/_overview"},
           {"/meshes/default/_overview", "/meshes/{name}/_overview"},
           {"/meshes/default/dataplanes", "/meshes/{mesh}/dataplanes"},
           {"/meshes/default/dataplanes/web", "/meshes/{mesh}/dataplanes/{name}"},
           {"/meshes/default/dataplanes/_overview", "/meshes/{mesh}/dataplanes/_overview"},
           {"/meshes/default/dataplanes/web/_overview", "/meshes/{mesh}/dataplanes/{name}/_overview"},
           {"/meshes/default/dataplanes/web/xds", "/meshes/{mesh}/dataplanes/{dataplane}/{type}"},
           {"/meshes/default/dataplanes/web/rules", "/meshes/{mesh}/dataplanes/{dataplane}/rules"},
           {"/meshes/default/dataplanes/web/_outbounds/kri_a/_routes/kri_b/_policies",
            "/meshes/{mesh}/dataplanes/{name}/_outbounds/{outbound_kri}/_routes/{route_kri}/_policies"},
           {"/meshes/default/dataplanes/web/_outbounds/kri_a/_routes",
            "/meshes/{mesh}/dataplanes/{name}/_outbounds/{outbound_kri}/_routes"},
           {"/meshes/default/dataplanes+insights", "/meshes/{mesh}/dataplanes+insights"},
           {"/meshes/default/meshtimeouts/t/_resources/dataplanes",
            "/meshes/{mesh}/meshtimeouts/{name}/_resources/dataplanes"},
           {"/meshes/default/meshservices/s/_hostnames", "/meshes/{mesh}/{serviceType}/{name}/_hostnames"},
           {"/meshes/default/service-insights/web", "/meshes/{mesh}/service-insights/{service}"},
           {"/service-insights", "/service-insights"},
           {"/zones/east", "/zones/{name}"},
           {"/zoneegresses/e/stats", "/zoneegresses/{zoneegress}/{type}"},
           {"/dataplanes", "/dataplanes"}})
    EXPECT_EQ(handler_name(path), name) << path;
}

TEST(HandlerName, OfAnythingElseIsEmpty) {
  for (const char* path :
       {"/nothing", "/meshes/default/nothing", "/meshes/default/nothing/x", "/gui/",
        "/meshes/default/dataplanes/web/nothing", "/config/more", "/meshes/default/dataplanes/web/_outbounds/kri_a"})
    EXPECT_EQ(handler_name(path), "") << path;
}

}  // namespace
}  // namespace kumasim::cp
