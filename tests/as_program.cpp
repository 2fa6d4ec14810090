// Commands are run by the program.

#include "tests/program.hpp"

namespace carbonfront {

Outcome run(const Arguments& arguments) { return program(arguments); }

}  // namespace carbonfront
