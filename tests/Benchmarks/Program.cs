using XLLM.Benchmarks;

return args switch
{
    ["step", .. var rest] => StepBenchmark.Run(rest),
    ["allocations", .. var rest] => AllocationBenchmark.Run(rest),
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
          serve URL MODEL [--requests N] [--concurrency N] [--max-tokens N]
              requests per second, TTFT and TPOT of a running server
        """);
    return 0;
}
