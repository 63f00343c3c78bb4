using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models;
using XLLM.Silo.Sampling;
using XLLM.Silo.Sequences;

namespace XLLM.Silo.Execution;

/// <summary>Fills the batch, runs the model, draws the tokens.</summary>
internal sealed partial class ModelExecutor : IStepExecutor
{
    private readonly ICausalModel _model;
    private readonly IOps _ops;
    private readonly KvLayout _layout;
    private readonly ForwardBatch _batch;
    private readonly Sampler _sampler;
    private readonly TimeProvider _clock;
    private readonly ILogger _logger;

    /// <param name="model">The model.</param>
    /// <param name="ops">Operations of the backend that has its weights.</param>
    /// <param name="pool">KV blocks in that backend's memory, laid out for the model.</param>
    /// <param name="clock">Measures steps.</param>
    /// <param name="logger">Hears of steps that fail.</param>
    public ModelExecutor(ICausalModel model, IOps ops, KvPool pool, TimeProvider clock, ILogger<ModelExecutor> logger)
    {
        (_model, _ops, _clock, _logger) = (model, ops, clock, logger);
        _layout = model.KvLayout;
        _sampler = new Sampler(model.VocabularySize);
        _batch = new ForwardBatch
        {
            TokenIds = default,
            Positions = default,
            LogitRows = default,
            Kv = pool.Layers,
            States = pool.States,
            Attention = new AttentionBatch[pool.Layers.Count],
        };
    }

    /// <summary>Sees the logits of every step before tokens are drawn: [drawn tokens, vocabulary]. For checks; null otherwise.</summary>
    public Action<StepPlan, Tensor>? LogitsObserver { get; set; }

    /// <inheritdoc/>
    public void Execute(StepPlan plan)
    {
        var started = _clock.GetTimestamp();
        try
        {
            _ops.BeginStep();
            FillBatch(plan);
            var logits = _model.Forward(_batch, _ops);
            LogitsObserver?.Invoke(plan, logits);
            Draw(plan, logits);
        }
        catch (Exception exception)
        {
            // Whatever a model or a backend throws costs this step's sequences, not the engine.
            plan.Fail($"the forward pass failed: {exception.Message}");
            LogStepFailed(exception, plan.Grants.Count, plan.TokenIds.Count);
        }

        plan.Elapsed = _clock.GetElapsedTime(started);
    }

    private void FillBatch(StepPlan plan)
    {
        ResolvePlaceholders(plan);
        _batch.TokenIds = _ops.Integers(plan.TokenIds.Values);
        _batch.Positions = _ops.Integers(plan.Positions.Values);
        _batch.LogitRows = _ops.Integers(plan.LogitRows.Values);
        var rowStarts = _ops.Integers(plan.RowStarts.Values);
        var contextLengths = _ops.Integers(plan.ContextLengths.Values);
        for (var group = 0; group < plan.Groups.Length; group++)
        {
            var attention = new AttentionBatch(
                rowStarts,
                contextLengths,
                _ops.Integers(plan.Groups[group].BlockTables.Values, plan.Grants.Count),
                _ops.Integers(plan.Groups[group].Slots.Values));
            var layers = _layout.Groups[group].Layers;
            for (var i = 0; i < layers.Count; i++)
            {
                _batch.Attention[layers[i]] = attention;
            }
        }
    }

    /// <summary>Puts in the tokens that the step before has drawn since this one was planned.</summary>
    private static void ResolvePlaceholders(StepPlan plan)
    {
        var tokens = plan.TokenIds.Values;
        var starts = plan.RowStarts.Values;
        for (var i = 0; i < plan.Grants.Count; i++)
        {
            foreach (ref var token in tokens[starts[i]..starts[i + 1]])
            {
                if (token == Sequence.Placeholder)
                {
                    // Where that step failed there is no token, and what comes of this row is dropped: any token of the vocabulary will do.
                    token = Math.Max(0, plan.Grants[i].Sequence.Sampler.LastToken);
                }
            }
        }
    }

    private void Draw(StepPlan plan, Tensor logits)
    {
        var grants = plan.DrawingGrants.Values;
        if (logits.Rows != grants.Length)
        {
            throw new OpException($"the model gave {logits.Rows} rows of logits, {grants.Length} were asked for");
        }

        for (var i = 0; i < grants.Length; i++)
        {
            var state = plan.Grants[grants[i]].Sequence.Sampler;
            plan.SetDrawn(i, _sampler.Sample(_ops.ReadRow(logits, i), state, plan.TopTokens(i), plan.TopLogprobs(i)));
        }
    }
}
