#include "pool.h"

#include <sched.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <list>
#include <mutex>
#include <thread>
#include <vector>

namespace rattan::python {
namespace {

// The tasks of one run. Lives on the stack of run(), which leaves when no thread is inside.
struct Job {
  Job(std::size_t tasks_, const Executor::Task& task_) : tasks(tasks_), task(task_) {}

  // Takes tasks until there are none.
  void work(unsigned worker) {
    for (std::size_t i = next.fetch_add(1); i < tasks; i = next.fetch_add(1)) {
      try {
        task(i, worker);
      } catch (...) {
        const std::lock_guard lock(error_mutex);
        if (i < error_task) {
          error_task = i;
          error = std::current_exception();
        }
      }
    }
  }

  const std::size_t tasks;
  const Executor::Task& task;
  std::atomic<std::size_t> next{0};
  unsigned inside = 0;  // helping threads, under the pool's lock
  std::mutex error_mutex;
  std::size_t error_task = ~std::size_t{0};
  std::exception_ptr error;
};

class Pool final : public Executor {
 public:
  explicit Pool(unsigned threads) : threads_(threads) {}
  Pool(const Pool&) = delete;
  Pool& operator=(const Pool&) = delete;

  ~Pool() override {
    {
      const std::lock_guard lock(mutex_);
      stop_ = true;
    }
    wake_.notify_all();
    for (std::thread& helper : helpers_) helper.join();
  }

  unsigned workers() const noexcept override { return threads_; }

  void run(std::size_t tasks, const Task& task) override {
    Job job(tasks, task);
    if (tasks < 2 || threads_ < 2) {
      job.work(0);
    } else {
      const auto place = publish(job);
      job.work(0);
      retire(job, place);
    }
    if (job.error) std::rethrow_exception(job.error);
  }

 private:
  using Jobs = std::list<Job*>;

  Jobs::iterator publish(Job& job) {
    const std::lock_guard lock(mutex_);
    for (auto worker = static_cast<unsigned>(helpers_.size()) + 1; worker < threads_; ++worker) {
      helpers_.emplace_back([this, worker] { help(worker); });
    }
    const auto place = jobs_.insert(jobs_.end(), &job);
    wake_.notify_all();
    return place;
  }

  void retire(const Job& job, Jobs::iterator place) {
    std::unique_lock lock(mutex_);
    jobs_.erase(place);
    helped_.wait(lock, [&] { return job.inside == 0; });
  }

  void help(unsigned worker) {
    std::unique_lock lock(mutex_);
    while (true) {
      const auto open = std::find_if(jobs_.begin(), jobs_.end(), [](const Job* job) { return job->next < job->tasks; });
      if (open != jobs_.end()) {
        Job& job = **open;
        ++job.inside;
        lock.unlock();
        job.work(worker);
        lock.lock();
        if (--job.inside == 0) helped_.notify_all();
      } else if (stop_) {
        return;
      } else {
        wake_.wait(lock);
      }
    }
  }

  const unsigned threads_;
  std::mutex mutex_;
  std::condition_variable wake_;    // there is a job, or the pool ends
  std::condition_variable helped_;  // a helper has left a job
  Jobs jobs_;
  bool stop_ = false;
  std::vector<std::thread> helpers_;
};

unsigned processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) == 0) return static_cast<unsigned>(std::max(1, CPU_COUNT(&set)));
  return std::max(1U, std::thread::hardware_concurrency());
}

}  // namespace

std::unique_ptr<Executor> make_pool(unsigned threads) { return std::make_unique<Pool>(threads); }

// Never destroyed: its threads may not be there any more when the process ends, or be in a call.
Executor& default_pool() {
  static Executor& pool = *new Pool(processors());
  return pool;
}

}  // namespace rattan::python
