#include "bench/cli/commands.h"

int main(int argc, char** argv) { return rattan::bench::run(argc, argv); }
