#include <iostream>

#include "reference-cp/app/kumactl/kumactl.hpp"
#include "reference-cp/live/system.hpp"

int main(int count, char** arguments) {
  auto home = kumasim::live::environment_variable("HOME").value_or(".");
  return kumasim::cp::run_kumactl({std::cout, std::cerr, home}, {arguments + 1, arguments + count});
}
