// Threads that compute: the caller and threads - 1 workers. No thread is pinned.
//
// Work comes in pieces; which thread takes which piece is chance, so a piece's result must not depend on the thread.
// Idle workers look for work for some microseconds, because the next op of a step follows at once, then sleep: an idle engine
// uses no processor. A worker that wakes late finds the job closed and is not waited for.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace xllm {

class ThreadPool {
  public:
    using Body = void (*)(void* context, int64_t piece, int thread);

    explicit ThreadPool(int threads);
    ~ThreadPool();
    ThreadPool(const ThreadPool&) = delete;
    ThreadPool& operator=(const ThreadPool&) = delete;

    int threads() const;

    // Calls body(context, piece, thread) for every piece in [0, pieces) and returns when all are done. body must not throw.
    void run(int64_t pieces, Body body, void* context);

    // Gives every thread at least this much scratch memory. Throws std::bad_alloc; called before run, not inside it.
    void reserve_scratch(size_t bytes);

    // Scratch memory of one thread, aligned to 64; undefined contents.
    void* scratch(int thread) const;

    // Scratch memory that all threads share, aligned to 64; undefined contents. Throws std::bad_alloc. Valid until the next call.
    void* shared_scratch(size_t bytes);

  private:
    void work(int thread);
    void take_pieces(int thread);

    // The job. Written while no worker is inside, read by those that entered.
    Body body_ = nullptr;
    void* context_ = nullptr;
    int64_t pieces_ = 0;
    std::atomic<int64_t> next_{0};

    // Epoch of the job (upper 16 bits), whether it may be entered (bit 15), workers inside (lower 15 bits).
    alignas(64) std::atomic<uint32_t> state_{0};
    std::atomic<bool> stopping_{false};
    std::vector<void*> scratch_;
    size_t scratch_bytes_ = 0;
    void* shared_scratch_ = nullptr;
    size_t shared_scratch_bytes_ = 0;
    std::vector<std::thread> workers_;
};

// body(piece, thread) for every piece. A static template: its instances belong to the including file's instruction set.
template <class F>
static inline void for_each(ThreadPool& threads, int64_t pieces, F&& body) {
    threads.run(
        pieces, [](void* context, int64_t piece, int thread) { (*static_cast<F*>(context))(piece, thread); }, &body);
}

}  // namespace xllm
