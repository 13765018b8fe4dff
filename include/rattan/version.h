/* The version of these headers; rattan_version() of rattan/c.h gives that of the library. C and C++. Versions follow
 * semver.org: until 1.0.0 a program is compiled anew for every minor version. */
#pragma once

#define RATTAN_VERSION_MAJOR 0
#define RATTAN_VERSION_MINOR 1
#define RATTAN_VERSION_PATCH 0
#define RATTAN_VERSION "0.1.0"
