// What the program does; each command prints its result to stdout.
#pragma once

#include "options.h"

void score(const struct options* options);
void generate(const struct options* options);
