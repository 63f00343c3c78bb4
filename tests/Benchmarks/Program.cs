using XLLM.Benchmarks;
using XLLM.Benchmarks.PrefixFeed;

return args switch
{
    ["step", .. var rest] => StepBenchmark.Run(rest),
    ["allocations", .. var rest] => AllocationBenchmark.Run(rest),
    ["prefix-index", .. var rest] => PrefixIndexBenchmark.Run(rest),
    ["prefix-feed", .. var rest] => await PrefixFeedBenchmark.RunAsync(rest),
    ["kv-forms", .. var rest] => KvFormBenchmark.Run(rest),
    ["warm-restart", .. var rest] => await WarmRestartBenchmark.RunAsync(rest),
    ["serve", .. var rest] => await ServeBenchmark.RunAsync(rest),
    _ => Help(),
};

static int Help()
{
    Console.WriteLine("""
        dotnet run -c Release --project tests/Benchmarks -- COMMAND

          step [--config FILE] [--backend NAME] [--threads N] [--prompt N] [--depth N] [--sequences N] [--rounds N] [--trace-ops]
              tokens per second of prefill and decode, random weights; default: the shape of Qwen3-0.6B;
              --trace-ops adds what each op took, over all rounds
          allocations
              bytes that a warm step allocates on the managed heap, against budgets.json; exit 1 over the budget
          prefix-index [--hashes N] [--replicas N] [--blocks N]
              microseconds of one question to a silo's prefix table
          prefix-feed [--silos N] [--batches N] [--hashes N] [--period MS] [--poll MS] [--rounds N]
              milliseconds from one silo's prefix events to the others' tables, by direct calls and by Orleans streams
          kv-forms [--block-bytes N] [--blocks N]
              megabytes per second of KV blocks to each stored form and back
          warm-restart [--config FILE] [--tokens N] [--rounds N] [--form FORM] [--kv-cache-type TYPE] [--kv-cache-memory SIZE] [--kv-host-memory SIZE] [--storage SIZE]
              TTFT of a prompt known before a restart against an unknown one; exit 1 over 0.35; default: the demo model
          serve URL MODEL [--requests N] [--concurrency N] [--max-tokens N]
              requests per second, TTFT and TPOT of a running server
        """);
    return 0;
}
