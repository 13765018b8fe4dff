// The program's own threads: each runs the same job with its number.
#pragma once

#include <stdint.h>

struct threads;

struct threads* threads_start(uint32_t count);  // the caller is one of them
uint32_t threads_count(const struct threads* threads);

// job(argument, ith, nth) for ith = 0 .. nth - 1, each on its own thread; returns when all have.
void threads_run(struct threads* threads, void (*job)(void* argument, uint32_t ith, uint32_t nth), void* argument);

void threads_stop(struct threads* threads);
