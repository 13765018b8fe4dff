#include "threads.h"

#include <pthread.h>
#include <stdlib.h>

#include "program.h"

struct worker {
  struct threads* threads;
  uint32_t ith;
  pthread_t handle;
};

struct threads {
  uint32_t count;
  struct worker* workers;  // [count - 1]
  pthread_mutex_t mutex;
  pthread_cond_t begin;
  pthread_cond_t end;
  uint64_t round;    // grows with each job
  uint32_t running;  // workers that have not finished it
  int stopping;
  void (*job)(void*, uint32_t, uint32_t);
  void* argument;
};

static void* work(void* argument) {
  const struct worker* worker = argument;
  struct threads* threads = worker->threads;
  uint64_t done = 0;
  pthread_mutex_lock(&threads->mutex);
  for (;;) {
    while (threads->round == done && !threads->stopping) pthread_cond_wait(&threads->begin, &threads->mutex);
    if (threads->stopping) break;
    done = threads->round;
    pthread_mutex_unlock(&threads->mutex);
    threads->job(threads->argument, worker->ith, threads->count);
    pthread_mutex_lock(&threads->mutex);
    if (--threads->running == 0) pthread_cond_signal(&threads->end);
  }
  pthread_mutex_unlock(&threads->mutex);
  return NULL;
}

struct threads* threads_start(uint32_t count) {
  struct threads* threads = allocate(1, sizeof *threads);
  threads->count = count;
  threads->workers = allocate(count, sizeof *threads->workers);
  pthread_mutex_init(&threads->mutex, NULL);
  pthread_cond_init(&threads->begin, NULL);
  pthread_cond_init(&threads->end, NULL);
  for (uint32_t i = 0; i + 1 < count; ++i) {
    struct worker* worker = &threads->workers[i];
    worker->threads = threads;
    worker->ith = i + 1;
    if (pthread_create(&worker->handle, NULL, work, worker) != 0)
      give_up("thread %u of %u cannot be started", i + 2, count);
  }
  return threads;
}

uint32_t threads_count(const struct threads* threads) { return threads->count; }

void threads_run(struct threads* threads, void (*job)(void*, uint32_t, uint32_t), void* argument) {
  pthread_mutex_lock(&threads->mutex);
  threads->job = job;
  threads->argument = argument;
  threads->running = threads->count - 1;
  ++threads->round;
  pthread_cond_broadcast(&threads->begin);
  pthread_mutex_unlock(&threads->mutex);
  job(argument, 0, threads->count);
  pthread_mutex_lock(&threads->mutex);
  while (threads->running > 0) pthread_cond_wait(&threads->end, &threads->mutex);
  pthread_mutex_unlock(&threads->mutex);
}

void threads_stop(struct threads* threads) {
  pthread_mutex_lock(&threads->mutex);
  threads->stopping = 1;
  pthread_cond_broadcast(&threads->begin);
  pthread_mutex_unlock(&threads->mutex);
  for (uint32_t i = 0; i + 1 < threads->count; ++i) pthread_join(threads->workers[i].handle, NULL);
  pthread_cond_destroy(&threads->end);
  pthread_cond_destroy(&threads->begin);
  pthread_mutex_destroy(&threads->mutex);
  free(threads->workers);
  free(threads);
}
