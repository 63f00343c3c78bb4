using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Diagnostics;
using XLLM.Silo.Engine;
using XLLM.Silo.Execution;
using XLLM.Silo.KvCache;
using XLLM.Silo.Models;
using XLLM.Silo.Tests.Models;
using XLLM.Silo.Tokenization;

namespace XLLM.Silo.Tests.Engine;

/// <summary>A real model on a real backend with everything that an engine needs; what a test changes are the numbers.</summary>
internal sealed class EngineSetup : IDisposable
{
    private readonly KvPool _pool;
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    public EngineSetup(LoadedModel loaded, IBackend backend, ITokenizer tokenizer, EngineOptions options, int blocks, int? maxContext = null)
    {
        (Options, Tokenizer) = (options, tokenizer);
        _pool = new KvPool(backend, loaded.Model.KvLayout, options.KvType.ElementType(), options.BlockTokens, blocks);
        Blocks = new KvBlockManager(KvGroupRules.For(loaded.Model.KvLayout, _pool.Geometry), blocks, options.BlockTokens, prefixCaching: options.PrefixCaching);
        Executor = new ModelExecutor(loaded.Model, backend.Ops, _pool, TimeProvider.System, NullLogger<ModelExecutor>.Instance);
        Metrics = new EngineMetrics(_services.GetRequiredService<IMeterFactory>(), "tiny");
        Served = new ServedModel
        {
            Name = "tiny",
            VocabularySize = loaded.Model.VocabularySize,
            MaxContext = Math.Min(maxContext ?? loaded.Model.MaxContext, blocks * options.BlockTokens),
            EndTokens = loaded.Info.EosTokenIds,
        };
    }

    public EngineOptions Options { get; }

    public ITokenizer Tokenizer { get; }

    public KvBlockManager Blocks { get; }

    public ModelExecutor Executor { get; }

    public EngineMetrics Metrics { get; }

    public ServedModel Served { get; }

    /// <summary>The engine with its threads. The caller disposes it before this.</summary>
    public InferenceEngine Start(IStepExecutor? executor = null) => new(
        Served, Options, Blocks, executor ?? Executor, Tokenizer, Metrics, TimeProvider.System, () => 1, NullLogger<InferenceEngine>.Instance);

    public void Dispose()
    {
        _pool.Dispose();
        _services.Dispose();
    }

    /// <summary>Options in which nothing is hidden by room: tests make them tight.</summary>
    public static EngineOptions WideOptions() => new() { MaxTokensPerStep = 4096, BlockTokens = 4 };

    /// <summary>A model of two layers with random weights.</summary>
    public static LoadedModel LoadTiny(IBackend backend)
    {
        using var folder = new TemporaryFolder();
        TinyModel.Qwen3().Write(folder.Path);
        return ModelLoader.Load(folder.Path, backend, new ModelLoadOptions());
    }
}
