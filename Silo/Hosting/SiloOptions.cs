using System.Globalization;
using XLLM.Silo.Engine;
using XLLM.Silo.Hosting.Cluster;
using XLLM.Silo.Transfer;
using XLLM.Silo.Vision;

namespace XLLM.Silo.Hosting;

/// <summary>What one process serves and where. Section <c>Xllm</c> of the configuration; the command line and the environment set the same keys.</summary>
internal sealed class SiloOptions
{
    /// <summary>Name of the configuration section.</summary>
    public const string Section = "Xllm";

    /// <summary>Models as "[NAME=]PATH", a Hugging Face folder each. Default: none, which serves the demo model in the box.</summary>
    /// <remarks>No upper bound but memory. The first one is named in the start-up example.</remarks>
    public IList<string> Models { get; } = [];

    /// <summary>Folder whose subfolders and GGUF files are models that may be loaded while the silo runs, by their names. Default empty: none.</summary>
    /// <remarks>Nothing in it is loaded at the start; what is named in <see cref="Models"/> is.</remarks>
    public string ModelsFolder { get; set; } = "";

    /// <summary>Where to listen for HTTP. Default <c>http://127.0.0.1:8080</c>: this machine only, until keys exist to open it to others.</summary>
    /// <remarks>8080 is the port that llama.cpp's server and most local proxies use.</remarks>
    public string Urls { get; set; } = "http://127.0.0.1:8080";

    /// <summary>Folder of the SQLite database. Default <c>.xllm</c> in the working folder, which the repository's .gitignore names.</summary>
    /// <remarks>Created when missing; one process at a time.</remarks>
    public string StatePath { get; set; } = ".xllm";

    /// <summary>Backend: <c>auto</c>, <c>cpu</c> or <c>reference</c>. Default <c>auto</c>: the first that runs here, fastest first.</summary>
    /// <remarks>The order is that of the backend registry.</remarks>
    public string Backend { get; set; } = "auto";

    /// <summary>Threads that compute, per model. 0 to 1,024; 0, the default, means processors - 1, at least 1.</summary>
    /// <remarks>A silo whose processors are all busy is declared dead by its peers: measured, decision D10.</remarks>
    public int Threads { get; set; }

    /// <summary><c>auto</c> reads the checkpoint; <c>dummy</c> makes random weights for any config.json, for benchmarks. Default <c>auto</c>.</summary>
    /// <remarks>The words are vLLM's.</remarks>
    public string LoadFormat { get; set; } = "auto";

    /// <summary><c>none</c>, <c>int8</c> or <c>int4</c>: what plain weights are rounded to while they are loaded. Default <c>none</c>.</summary>
    /// <remarks>int8 keeps a scale per output, int4 a scale and a zero point per 32 inputs (tables and heads stay int8). Routers of experts stay plain.</remarks>
    public string Quantize { get; set; } = "none";

    /// <summary>What models are served for, as "[NAME=]TASK" each: <c>generate</c>, <c>embed</c>, <c>rank</c> or <c>auto</c>. Default: none, which is <c>auto</c>: told from the model's files.</summary>
    /// <remarks>Embedding models bring <c>modules.json</c>; of rerankers published as causal models only the folder's name tells. Any model with "yes" and "no" as tokens can rank, and any decoder can embed.</remarks>
    public IList<string> Tasks { get; } = [];

    /// <summary>Name of the tool-call syntax, or <c>none</c>. Default: empty, told from the chat template.</summary>
    /// <remarks>The names are those of the parsers in Grains.Interfaces.</remarks>
    public string ToolCallParser { get; set; } = "";

    /// <summary>Name of the reasoning syntax, or <c>none</c>. Default: empty, told from the chat template.</summary>
    /// <remarks>The names are those of the parsers in Grains.Interfaces.</remarks>
    public string ReasoningParser { get; set; } = "";

    /// <summary>Port for other silos. 1 to 65,535. Default 11,111.</summary>
    /// <remarks>Orleans' own default.</remarks>
    public int SiloPort { get; set; } = 11111;

    /// <summary>Port for clients of the SDK. 1 to 65,535. Default 30,000.</summary>
    /// <remarks>Orleans' own default.</remarks>
    public int GatewayPort { get; set; } = 30000;

    /// <summary>How this process joins others. The default is one process alone.</summary>
    public ClusterSettings Cluster { get; set; } = new();

    /// <summary>The engine's options.</summary>
    public EngineOptions Engine { get; set; } = new();

    /// <summary>Bounds of pictures in requests.</summary>
    public PictureOptions Pictures { get; set; } = new();

    /// <summary>Where KV blocks go when the engine's pool needs their room.</summary>
    public KvTierOptions KvTiers { get; set; } = new();

    /// <summary>Every fault of these options; none if they can be used.</summary>
    public IEnumerable<string> Faults()
    {
        if (Threads is < 0 or > 1024)
        {
            yield return Out(nameof(Threads), Threads, "0 to 1024");
        }

        if (LoadFormat is not ("auto" or "dummy"))
        {
            yield return Out(nameof(LoadFormat), LoadFormat, "auto or dummy");
        }

        if (Quantize is not ("none" or "int8" or "int4"))
        {
            yield return Out(nameof(Quantize), Quantize, "none, int8 or int4");
        }

        if (SiloPort is < 1 or > 65535)
        {
            yield return Out(nameof(SiloPort), SiloPort, "1 to 65535");
        }

        if (GatewayPort is < 1 or > 65535)
        {
            yield return Out(nameof(GatewayPort), GatewayPort, "1 to 65535");
        }

        if (SiloPort == GatewayPort)
        {
            yield return $"{Section}:{nameof(SiloPort)} and {Section}:{nameof(GatewayPort)} are both {SiloPort}: they must differ";
        }

        if (string.IsNullOrWhiteSpace(StatePath))
        {
            yield return $"{Section}:{nameof(StatePath)} is empty: name a folder";
        }

        foreach (var url in Urls.Split(';'))
        {
            if (!Uri.TryCreate(url, UriKind.Absolute, out var parsed) || parsed.Scheme is not ("http" or "https"))
            {
                yield return Out(nameof(Urls), url, "http://HOST:PORT");
            }
        }

        foreach (var fault in Cluster.Faults())
        {
            yield return fault;
        }

        if (new EngineOptionsValidator().Validate(null, Engine) is { Failed: true, Failures: var failures })
        {
            foreach (var failure in failures)
            {
                yield return failure;
            }
        }

        foreach (var fault in Pictures.Faults())
        {
            yield return $"{Section}:{nameof(Pictures)}:{fault}";
        }

        foreach (var (_, task) in Tasks.Select(TaskChoice.Split).Where(option => !TaskChoice.Words.Contains(option.Task)))
        {
            yield return Out(nameof(Tasks), task, string.Join(", ", TaskChoice.Words));
        }

        if (new KvTierOptionsValidator().Validate(null, KvTiers) is { Failed: true, Failures: var tierFailures })
        {
            foreach (var failure in tierFailures)
            {
                yield return failure;
            }
        }

        foreach (var twice in Models.Select(ModelSource.Parse).GroupBy(source => source.Name).Where(group => group.Count() > 1))
        {
            yield return $"the model name '{twice.Key}' is used {twice.Count()} times: write --model NAME=PATH";
        }
    }

    private static string Out(string option, object value, string range) =>
        string.Create(CultureInfo.InvariantCulture, $"{Section}:{option} is {value}: it must be {range}");
}
