using System.ClientModel;
using System.ClientModel.Primitives;
using OpenAI;
using XLLM.EndToEnd.Tests;
using XLLM.Testing;

[assembly: AssemblyFixture(typeof(ManyModelsFixture))]

namespace XLLM.EndToEnd.Tests;

/// <summary>One running silo with a model for every task: the demo model, the one that reads pictures, one that embeds, one that ranks, and the mixture of experts where it is there. Starts when it is first asked for.</summary>
public sealed class ManyModelsFixture : IAsyncLifetime
{
    /// <summary>Tokens of the demo tokenizer that stand for "yes" and "no": any two will do, the model was not trained to rank.</summary>
    private const string ScoreTokens = """{"true_token_id": 944, "false_token_id": 945}""";

    private readonly Lazy<Task<SiloProcess>> _silo;
    private readonly List<string> _folders = [];

    public ManyModelsFixture() => _silo = new(StartAsync);

    /// <summary>The mixture of experts, or null where the shared folder is not there.</summary>
    public static string? Experts => Paths.TryShared("demo-model", "moe");

    /// <summary>The process.</summary>
    public Task<SiloProcess> SiloAsync() => _silo.Value;

    /// <summary>The official .NET client, pointed at it.</summary>
    public async Task<OpenAIClient> OpenAIAsync() => new(
        new ApiKeyCredential("none"), new OpenAIClientOptions { Endpoint = new Uri((await SiloAsync()).Address, "v1"), RetryPolicy = new ClientRetryPolicy(0) });

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public async ValueTask DisposeAsync()
    {
        if (_silo.IsValueCreated)
        {
            await (await _silo.Value).DisposeAsync();
        }

        _folders.ForEach(folder => Directory.Delete(folder, recursive: true));
    }

    private Task<SiloProcess> StartAsync()
    {
        var embed = CopyDemo("1_Pooling", "Pooling", """{"pooling_mode_lasttoken": true}""", """, {"path": "2_Normalize", "type": "sentence_transformers.models.Normalize"}""");
        var rank = CopyDemo("1_LogitScore", "LogitScore", ScoreTokens, "");
        string[] arguments = ["--model", "xllm-demo", "--model", "vl=xllm-demo-vl", "--model", $"embed={embed}", "--model", $"rank={rank}"];
        return SiloProcess.StartAsync(Experts is { } experts ? [.. arguments, "--model", $"moe={experts}"] : arguments);
    }

    /// <summary>The demo model as an embedding model or a reranker is published: the same files, and those that say what it is for.</summary>
    private string CopyDemo(string folder, string module, string config, string further)
    {
        var copy = Directory.CreateTempSubdirectory("xllm-test-").FullName;
        _folders.Add(copy);
        foreach (var file in Directory.GetFiles(Paths.DemoModel))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        File.WriteAllText(
            Path.Combine(copy, "modules.json"),
            $$"""[{"path": "", "type": "sentence_transformers.models.Transformer"}, {"path": "{{folder}}", "type": "sentence_transformers.models.{{module}}"}{{further}}]""");
        File.WriteAllText(Path.Combine(Directory.CreateDirectory(Path.Combine(copy, folder)).FullName, "config.json"), config);
        return copy;
    }
}
