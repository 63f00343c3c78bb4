using System.Globalization;
using XLLM.Simulator;
using XLLM.Simulator.Traces;

try
{
    return args switch
    {
        _ when args.Contains("--help") => Help(),
        ["replay", .. var rest] => ReplayVerb.Run(rest),
        ["validate", .. var rest] => await ValidateVerb.RunAsync(rest),
        ["hits", .. var files] when files.Length > 0 => Hits(files),
        _ => Help(),
    };
}
catch (Exception exception) when (exception is FormatException or IOException)
{
    Console.Error.WriteLine(exception.Message);
    return 2;
}

static int Hits(string[] files)
{
    Console.WriteLine("| trace | requests | tokens in, mean | out | blocks found | tokens found |");
    Console.WriteLine("| --- | ---: | ---: | ---: | ---: | ---: |");
    foreach (var trace in files.Select(TraceReader.Read))
    {
        Console.WriteLine(string.Create(
            CultureInfo.InvariantCulture,
            $"| {trace.Name} | {trace.Requests.Length} | {trace.Requests.Average(request => request.InputTokens):F0} | {trace.Requests.Average(request => request.OutputTokens):F0} | {100 * IdealHits.ByBlock(trace):F1} % | {100 * IdealHits.ByToken(trace):F1} % |"));
    }

    return 0;
}

static int Help()
{
    Console.WriteLine("""
        dotnet run -c Release --project tests/Simulator -- VERB

          hits FILE...
              what a cache without bounds would find in each trace
          replay --trace FILE [--policy all] [--replicas 8] [--speed 1] ...
              replays a trace in virtual time against the product's own policies, scheduler and KV blocks; a row per policy
          validate [--model PATH] [--rate 8] ...
              serves an arrival pattern with the real engine, replays it with the step times fitted meanwhile, prints the error
        """);
    PrintSwitches("replay", ReplayVerb.Switches);
    PrintSwitches("validate", ValidateVerb.Switches);
    return 0;
}

static void PrintSwitches(string verb, (string Name, string Default, string Meaning)[] switches)
{
    Console.WriteLine($"\n{verb}: switch, default, meaning");
    foreach (var (name, missing, meaning) in switches)
    {
        Console.WriteLine($"  {name,-17} {missing,-20} {meaning}");
    }
}
