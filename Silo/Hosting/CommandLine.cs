using System.Text;

namespace XLLM.Silo.Hosting;

/// <summary>A switch of the command line: a short way to write a configuration key.</summary>
/// <param name="Name">With two dashes.</param>
/// <param name="Key">Configuration key that it sets; <c>{n}</c> counts repeated uses.</param>
/// <param name="Value">What to write after it, for the help.</param>
/// <param name="Help">One line; the default and its unit last.</param>
internal sealed record CommandLineSwitch(string Name, string Key, string Value, string Help);

/// <summary>Reads <c>--name value</c> and <c>--name=value</c> into configuration keys. Pure. Files and environment (<c>Xllm__Threads</c>) set the same keys.</summary>
internal static class CommandLine
{
    /// <summary>All switches, in the order of the help.</summary>
    public static IReadOnlyList<CommandLineSwitch> Switches { get; } =
    [
        new("--model", "Xllm:Models:{n}", "[NAME=]PATH", "serve the model of this Hugging Face folder or GGUF file, or one in the box (xllm-demo, xllm-demo-vl); may be repeated; default: xllm-demo"),
        new("--models-folder", "Xllm:ModelsFolder", "FOLDER", "models in it may be loaded while the silo runs; default none"),
        new(Checking.CheckModel.Switch, Checking.CheckModel.Key, "PATH", "print what this model would be served as, its memory and its faults, and end; loads no weights"),
        new("--urls", "Xllm:Urls", "URL", "where to listen for HTTP; default http://127.0.0.1:8080"),
        new("--state", "Xllm:StatePath", "FOLDER", "where conversations are kept; default .xllm"),
        new("--backend", "Xllm:Backend", "NAME", "auto, cpu or reference; default auto: the fastest that runs here"),
        new("--threads", "Xllm:Threads", "N", "threads that compute, per model; default: processors - 1, at least 1"),
        new("--load-format", "Xllm:LoadFormat", "FORMAT", "auto, or dummy for random weights of a config.json; default auto"),
        new("--task", "Xllm:Tasks:{n}", "[NAME=]TASK", "generate, embed or rank; may be repeated; default auto: told from the model's files"),
        new("--quantize", "Xllm:Quantize", "TYPE", "int8 or int4: round plain weights while loading; default none"),
        new("--max-context", "Xllm:Engine:MaxContext", "TOKENS", "longest prompt and output together; default: what the model was made for"),
        new("--kv-cache-memory", "Xllm:Engine:KvMemoryBytes", ByteSize.Placeholder, "memory for keys and values, such as 2GiB; default: a quarter of what is available"),
        new("--kv-cache-type", "Xllm:Engine:KvType", "TYPE", "f32, bf16 or int8 (a quarter of the memory, slightly other answers); default f32, which changes no bit"),
        new("--max-tokens-per-step", "Xllm:Engine:MaxTokensPerStep", "TOKENS", "most rows one step computes"),
        new("--max-running-sequences", "Xllm:Engine:MaxRunningSequences", "N", "most sequences that run at once"),
        new("--max-queued-sequences", "Xllm:Engine:MaxQueuedSequences", "N", "most sequences that wait; more are answered 429"),
        new("--picture-cache", "Xllm:Pictures:EncoderCacheBytes", ByteSize.Placeholder, "memory for encoder results of pictures that may come again; default 256MiB"),
        new("--prefix-cache", "Xllm:Engine:PrefixCaching", "BOOL", "keep finished KV blocks for prompts that begin alike; default true"),
        new("--kv-host-memory", "Xllm:KvTiers:HostBytes", ByteSize.Placeholder, "host memory for KV blocks that left the cache; default 256MiB, 0 turns all tiers off"),
        new("--kv-storage", "Xllm:KvTiers:StorageBytes", ByteSize.Placeholder, "storage for KV blocks that outlive the process; default 0, which is off"),
        new("--kv-write-policy", "Xllm:KvTiers:WritePolicy", "POLICY", "WriteBack, WriteThrough or Selective; default WriteBack"),
        new("--kv-form", "Xllm:KvTiers:Form", "FORM", "Exact, Int8 or Zstd: how they are kept; default Exact, which changes no bit"),
        new("--tool-call-parser", "Xllm:ToolCallParser", "NAME", "syntax of tool calls, or none; default: told from the chat template"),
        new("--reasoning-parser", "Xllm:ReasoningParser", "NAME", "syntax of reasoning, or none; default: told from the chat template"),
        new("--silo-port", "Xllm:SiloPort", "PORT", "Orleans port for other silos; default 11111"),
        new("--gateway-port", "Xllm:GatewayPort", "PORT", "Orleans port for clients of the SDK; default 30000"),
        new("--cluster", "Xllm:Cluster:Store", "STORE", "join others through sqlite (one host) or postgres; default none: a process alone"),
        new("--cluster-database", "Xllm:Cluster:ConnectionString", "STRING", "Npgsql connection string; better by environment or Xllm:Cluster:ConnectionStringFile"),
        new("--role", "Xllm:Cluster:Role", "ROLE", "both, engine or gateway; default both"),
        new("--advertise", "Xllm:Cluster:AdvertisedAddress", "ADDRESS", "address that other silos reach this one at, or auto; default 127.0.0.1"),
        new("--log-level", "Logging:LogLevel:Default", "LEVEL", "Trace, Debug, Information, Warning, Error; default Warning"),
    ];

    /// <summary>Reads the arguments.</summary>
    /// <returns>Configuration keys and values, and every fault found.</returns>
    public static (Dictionary<string, string?> Settings, List<string> Faults) Parse(IReadOnlyList<string> arguments)
    {
        var settings = new Dictionary<string, string?>(StringComparer.OrdinalIgnoreCase);
        var faults = new List<string>();
        var uses = new Dictionary<string, int>();
        for (var i = 0; i < arguments.Count; i++)
        {
            var argument = arguments[i];
            var equals = argument.IndexOf('=', StringComparison.Ordinal);
            var name = equals > 0 ? argument[..equals] : argument;
            if (!name.StartsWith("--", StringComparison.Ordinal) || Find(name) is not { } found)
            {
                faults.Add($"unknown argument '{argument}'{Suggestion(name)}");
                continue;
            }

            string? value = equals > 0 ? argument[(equals + 1)..] : null;
            if (value is null && i + 1 < arguments.Count && !arguments[i + 1].StartsWith("--", StringComparison.Ordinal))
            {
                value = arguments[++i];
            }

            if (string.IsNullOrEmpty(value))
            {
                faults.Add($"{name} needs a value: {name} {found.Value}");
                continue;
            }

            if (found.Value == ByteSize.Placeholder)
            {
                if (ByteSize.TryParse(value) is not { } bytes)
                {
                    faults.Add($"{name} {value}: write a number of bytes, such as 512MiB or 2GiB");
                    continue;
                }

                value = bytes.ToString(System.Globalization.CultureInfo.InvariantCulture);
            }

            var count = uses.GetValueOrDefault(name);
            uses[name] = count + 1;
            if (count > 0 && !found.Key.Contains("{n}", StringComparison.Ordinal))
            {
                faults.Add($"{name} is given more than once");
                continue;
            }

            settings[found.Key.Replace("{n}", count.ToString(System.Globalization.CultureInfo.InvariantCulture), StringComparison.Ordinal)] = value;
        }

        return (settings, faults);
    }

    /// <summary>The help text.</summary>
    public static string Help()
    {
        var text = new StringBuilder();
        text.AppendLine("""
            Serves language models over an OpenAI-compatible HTTP API, on Microsoft Orleans.

            Usage: dotnet run -c Release --project Silo [-- SWITCHES]
                   dotnet run -c Release --project Silo -- VERB ...

            Verbs:
              verify PATH... [--backend NAME]   check backends against golden checkpoints
              tokenize FOLDER                   JSON lines {"text"} in, {"ids"} out
              render FOLDER-OR-TEMPLATE         JSON lines {"messages", ...} in, {"text"} or {"error"} out

              migrate [SWITCHES]                brings the cluster's database to this program's schema and ends; also --migrate

            Switches (each is also a configuration key, and an environment variable with : written __):
            """);
        foreach (var one in Switches)
        {
            text.AppendLine(System.Globalization.CultureInfo.InvariantCulture, $"  {one.Name + " " + one.Value,-34}{one.Help} ({one.Key.Replace(":{n}", ":0", StringComparison.Ordinal)})");
        }

        return text.ToString();
    }

    private static CommandLineSwitch? Find(string name) => Switches.FirstOrDefault(s => s.Name == name) ?? RawKey(name);

    /// <summary><c>--Xllm:Engine:BlockTokens=32</c>: any key may be written out.</summary>
    private static CommandLineSwitch? RawKey(string name) =>
        name.StartsWith("--Xllm:", StringComparison.OrdinalIgnoreCase) || name.StartsWith("--Logging:", StringComparison.OrdinalIgnoreCase)
            ? new(name, name[2..], "VALUE", "")
            : null;

    private static string Suggestion(string name)
    {
        var near = Switches.Where(s => s.Name.Contains(name.TrimStart('-'), StringComparison.OrdinalIgnoreCase)).Select(s => s.Name).ToArray();
        return near.Length > 0 ? $"; did you mean {string.Join(" or ", near)}?" : "; --help lists all";
    }
}
