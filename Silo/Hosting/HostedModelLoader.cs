using System.Diagnostics.Metrics;
using System.Globalization;
using System.Security.Cryptography;
using XLLM.Grains.Interfaces.Catalog;
using XLLM.Grains.Interfaces.Generation;
using XLLM.NativeBackends;
using XLLM.NativeBackends.Ops;
using XLLM.Silo.Diagnostics;
using XLLM.Silo.Engine;
using XLLM.Silo.Execution;
using XLLM.Silo.KvCache;
using XLLM.Silo.Models;
using XLLM.Silo.Prompts;
using XLLM.Silo.Templates;
using XLLM.Silo.Tokenization;
using XLLM.Silo.Transfer;
using XLLM.Silo.Vision;
using XLLM.Silo.Weights;
using XLLM.Silo.Weights.Quantization;

namespace XLLM.Silo.Hosting;

/// <summary>A model folder to a running engine: backend, weights, tokenizer, template, KV pool. The one place that joins them.</summary>
internal sealed class HostedModelLoader(SiloOptions options, KvTierFactory tierFactory, TimeProvider clock, ILoggerFactory loggers, IMeterFactory meters)
{
    /// <summary>Random weights know no format; this one shows all messages, so prompts have the length that they would have.</summary>
    private const string DummyTemplate = "{% for message in messages %}{{ message.role }}: {{ message.content }}\n{% endfor %}assistant:";

    /// <summary>Loads a model, showing progress.</summary>
    /// <exception cref="StartException">It cannot be served; one line that names the remedy.</exception>
    /// <param name="source">The model.</param>
    /// <param name="output">Where progress is shown.</param>
    /// <param name="isTerminal">Whether a line there can be written over.</param>
    /// <param name="progress">Also hears of it; may be null.</param>
    public HostedModel Load(ModelSource source, TextWriter output, bool isTerminal, IProgress<LoadProgress>? progress = null)
    {
        try
        {
            return LoadCore(source, new LoadConsole(source.Name, output, isTerminal, progress));
        }
        catch (Exception e) when (e is CheckpointException or TokenizerException or ChatTemplateException or OpException or PictureConfigException or IOException or UnauthorizedAccessException)
        {
            throw new StartException($"cannot serve {source.Name}: {OneLine(e.Message)}; name another model with --model PATH", e);
        }
        catch (KvPoolException e)
        {
            throw new StartException($"cannot serve {source.Name}: {OneLine(e.Message)}; on the command line: --kv-cache-memory 2GiB, --kv-cache-type bf16, --max-context N", e);
        }
    }

    private HostedModel LoadCore(ModelSource source, LoadConsole console)
    {
        var isDummy = options.LoadFormat == "dummy";
        var text = isDummy ? null : TextFiles.Load(source.Folder);
        var template = isDummy ? new ChatTemplate(DummyTemplate) : text?.Template;
        var format = ChatFormat.Choose(template?.Source ?? "", options.ToolCallParser, options.ReasoningParser);
        var backend = BackendRegistry.Open(options.Backend, options.Threads > 0 ? new BackendOptions { Threads = options.Threads } : new BackendOptions());
        try
        {
            var loaded = ModelLoader.Load(
                source.Folder, backend, LoadOptionsOf(options), console);
            var tokenizer = text?.Tokenizer ?? new ByteTokenizer(loaded.Info.VocabularySize);
            var task = isDummy ? new TaskChoice(ModelTasks.Generate, true, null) : TaskChoice.Choose(source, options.Tasks, loaded.Model.HasHead, loaded.Info.VocabularySize, tokenizer);
            var geometry = new KvGeometry(loaded.Model.KvLayout, options.Engine.KvType.ElementType(), options.Engine.BlockTokens);
            var size = KvPoolSizing.Size(new KvPoolWish
            {
                BytesPerBlock = geometry.BytesPerBlock,
                StateBlocks = geometry.StateBlocks,
                BlockTokens = options.Engine.BlockTokens,
                ModelContext = loaded.Info.ContextLength,
                MaxContext = options.Engine.MaxContext,
                MaxRunningSequences = options.Engine.MaxRunningSequences,
                MemoryBytes = options.Engine.KvMemoryBytes,
                MemoryFraction = options.Engine.KvMemoryFraction,
                AvailableBytes = AvailableMemory.Bytes(),
            });
            var pool = new KvPool(backend, loaded.Model.KvLayout, options.Engine.KvType.ElementType(), options.Engine.BlockTokens, size.Blocks);
            var descriptor = Describe(source, loaded.Info, size, format, template is not null) with
            {
                Tasks = task.Tasks,
                EmbeddingSize = task.Tasks.HasFlag(ModelTasks.Embed) ? loaded.Model.HiddenSize : 0,
            };
            var state = geometry.StateBlocks > 0 ? $" ({geometry.StateBlocks} of them for the recurrent state of each sequence)" : string.Empty;
            console.Done(string.Create(
                CultureInfo.InvariantCulture,
                $"{loaded.Info.Architecture}, {loaded.Info.Parameters / 1e6:F1} M parameters, context {size.MaxContext}, {size.Blocks} KV blocks{state}, backend {backend.Name} ({backend.Description})"));
            var vision = isDummy ? null : VisionParts.Load(source.Folder, loaded.Model, options.Pictures);
            var tiers = CreateTiers(source, loaded, backend, pool);
            var engine = StartEngine(descriptor, task, vision, loaded, tokenizer, backend, pool, tiers);
            return new(descriptor, engine, new PromptEncoder(tokenizer, template, text?.SpecialTokens ?? [], descriptor, clock, vision?.Prompts), pool, backend, tiers)
            {
                Bytes = ModelFiles.Bytes(source.Folder) + (size.Blocks * geometry.BytesPerBlock),
            };
        }
        catch
        {
            backend.Dispose();
            throw;
        }
    }

    private HostedTiers CreateTiers(ModelSource source, LoadedModel loaded, IBackend backend, KvPool pool)
    {
        var feed = new KvChangeFeed();
        try
        {
            var tiers = tierFactory.Create(source, loaded, backend, pool, feed);
            return new HostedTiers(feed, tiers, tiers is null ? null : new TierMetrics(meters, source.Name, tiers.LocalContents), tierFactory);
        }
        catch (Exception e) when (e is ArgumentException or OverflowException)
        {
            throw new StartException($"cannot serve {source.Name}: {OneLine(e.Message)}; choose another Xllm:KvTiers:Form, or --kv-host-memory 0", e);
        }
    }

    private InferenceEngine StartEngine(
        ModelDescriptor descriptor, TaskChoice task, VisionParts? vision, LoadedModel loaded, ITokenizer tokenizer, IBackend backend, KvPool pool, HostedTiers tiers) => new(
        new ServedModel
        {
            Name = descriptor.Name,
            VocabularySize = loaded.Info.VocabularySize,
            MaxContext = descriptor.MaxContext,
            EndTokens = loaded.Info.EosTokenIds,
            SamplingDefaults = descriptor.SamplingDefaults,
            EmbeddingSize = descriptor.EmbeddingSize,
            NormalizesEmbeddings = task.Normalizes,
            ScoreTokens = task.ScoreTokens,
            Pictures = vision?.Tokens,
        },
        options.Engine,
        new KvBlockManager(KvGroupRules.For(loaded.Model.KvLayout, pool.Geometry), pool.Blocks, pool.BlockTokens, prefixCaching: options.Engine.PrefixCaching, events: new TierEvents(tiers.Feed, tiers.Tiers?.Copies)),
        new ModelExecutor(loaded.Model, backend.Ops, pool, clock, loggers.CreateLogger<ModelExecutor>(), vision?.Stage(backend.Ops, new PictureMetrics(meters, descriptor.Name), clock)),
        tokenizer,
        new EngineMetrics(meters, descriptor.Name),
        clock,
        DrawSeed,
        loggers.CreateLogger<InferenceEngine>(),
        tiers.Tiers,
        tiers.Feed);

    private ModelDescriptor Describe(ModelSource source, ModelInfo info, KvPoolSize size, ChatFormat format, bool hasTemplate) => new()
    {
        Name = source.Name,
        Architecture = info.Architecture,
        MaxContext = size.MaxContext,
        VocabularySize = info.VocabularySize,
        BlockTokens = options.Engine.BlockTokens,
        Parameters = info.Parameters,
        Created = clock.GetUtcNow().ToUnixTimeSeconds(),
        ToolCallFormat = format.ToolCalls,
        ReasoningFormat = format.Reasoning,
        HasChatTemplate = hasTemplate,
        SamplingDefaults = new SamplingParameters
        {
            Temperature = info.Generation.DoSample == false ? 0 : (float?)info.Generation.Temperature,
            TopP = (float?)info.Generation.TopP,
            TopK = info.Generation.TopK,
            MinP = (float?)info.Generation.MinP,
            RepetitionPenalty = (float?)info.Generation.RepetitionPenalty,
        },
    };

    /// <summary>How the options say that a model is loaded.</summary>
    internal static ModelLoadOptions LoadOptionsOf(SiloOptions options) => new()
    {
        Format = options.LoadFormat == "dummy" ? LoadFormat.Dummy : LoadFormat.Auto,
        Quantize = options.Quantize switch
        {
            "int8" => QuantizeTo.Int8,
            "int4" => QuantizeTo.Int4,
            _ => QuantizeTo.None,
        },
    };

    private static long DrawSeed() => BitConverter.ToInt64(RandomNumberGenerator.GetBytes(sizeof(long)));

    private static string OneLine(string message) => message.ReplaceLineEndings(" ").TrimEnd('.', ' ');
}
