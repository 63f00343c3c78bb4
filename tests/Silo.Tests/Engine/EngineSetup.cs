using System.Diagnostics.Metrics;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using XLLM.Grains.Ports;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Diagnostics;
using XLLM.Silo.Engine;
using XLLM.Silo.Execution;
using XLLM.Silo.Hosting;
using XLLM.Silo.KvCache;
using XLLM.Silo.Models;
using XLLM.Silo.Tests.Models;
using XLLM.Silo.Tokenization;
using XLLM.Silo.Transfer;
using XLLM.Silo.Transfer.Peers;

namespace XLLM.Silo.Tests.Engine;

/// <summary>A real model on a real backend with everything that an engine needs; what a test changes are the numbers.</summary>
internal sealed class EngineSetup : IDisposable
{
    private readonly KvPool _pool;
    private readonly ServiceProvider _services = new ServiceCollection().AddMetrics().BuildServiceProvider();

    /// <param name="loaded">The model.</param>
    /// <param name="backend">Computes it.</param>
    /// <param name="tokenizer">Its tokenizer.</param>
    /// <param name="options">How the engine runs.</param>
    /// <param name="blocks">KV blocks of the pool.</param>
    /// <param name="maxContext">Longest sequence; null: the model's.</param>
    /// <param name="vision">Reads pictures; null: text alone.</param>
    /// <param name="tiers">Where KV blocks go and come from; null: nowhere.</param>
    /// <param name="store">Storage below that.</param>
    /// <param name="layout">Tells models apart.</param>
    /// <param name="peers">Knows who else has prefixes.</param>
    /// <param name="client">Fetches from them.</param>
    public EngineSetup(
        LoadedModel loaded, IBackend backend, ITokenizer tokenizer, EngineOptions options, int blocks, int? maxContext = null, VisionParts? vision = null, KvTierOptions? tiers = null, IKvStore? store = null,
        string layout = "tiny", IKvPeers? peers = null, PeerClient? client = null)
    {
        (Options, Tokenizer) = (options, tokenizer);
        var meters = _services.GetRequiredService<IMeterFactory>();
        _pool = new KvPool(backend, loaded.Model.KvLayout, options.KvType.ElementType(), options.BlockTokens, blocks);
        if (tiers is not null)
        {
            Tiers = new KvTiers(
                new TierSetup
                {
                    Model = "tiny",
                    Layout = LayoutFingerprint.Of(layout),
                    Groups = loaded.Model.KvLayout.Groups.Count,
                    BlockTokens = options.BlockTokens,
                    BlockBytes = _pool.BytesPerBlock,
                    ElementBytes = options.KvType.ElementType().Size(),
                    Feed = Feed,
                },
                tiers,
                store,
                peers,
                client,
                TimeProvider.System,
                NullLogger<KvTiers>.Instance);
        }

        Blocks = new KvBlockManager(
            KvGroupRules.For(loaded.Model.KvLayout, _pool.Geometry), blocks, options.BlockTokens, prefixCaching: options.PrefixCaching, events: new TierEvents(Feed, Tiers?.Copies));
        Executor = new ModelExecutor(loaded.Model, backend.Ops, _pool, TimeProvider.System, NullLogger<ModelExecutor>.Instance, vision?.Stage(backend.Ops, new PictureMetrics(meters, "tiny"), TimeProvider.System));
        Metrics = new EngineMetrics(meters, "tiny");
        Served = new ServedModel
        {
            Name = "tiny",
            VocabularySize = loaded.Model.VocabularySize,
            MaxContext = Math.Min(maxContext ?? loaded.Model.MaxContext, blocks * options.BlockTokens),
            EndTokens = loaded.Info.EosTokenIds,
            EmbeddingSize = loaded.Model.HiddenSize,
            ScoreTokens = (1, 2),
            Pictures = vision?.Tokens,
        };
    }

    public EngineOptions Options { get; }

    /// <summary>Tells which prefixes the engine has.</summary>
    public KvChangeFeed Feed { get; } = new();

    /// <summary>Where its KV blocks go; null: nowhere.</summary>
    public KvTiers? Tiers { get; }

    public ITokenizer Tokenizer { get; }

    public KvBlockManager Blocks { get; }

    public ModelExecutor Executor { get; }

    public EngineMetrics Metrics { get; }

    public ServedModel Served { get; set; }

    /// <summary>The engine with its threads. The caller disposes it before this.</summary>
    public InferenceEngine Start(IStepExecutor? executor = null) => new(
        Served, Options, Blocks, executor ?? Executor, Tokenizer, Metrics, TimeProvider.System, () => 1, NullLogger<InferenceEngine>.Instance, Tiers, Feed);

    public void Dispose()
    {
        Tiers?.DisposeAsync().AsTask().GetAwaiter().GetResult();
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
