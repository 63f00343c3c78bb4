using XLLM.NativeBackends.Ops;
using XLLM.Silo.Models;
using XLLM.Silo.Sampling;
using XLLM.Silo.Sequences;
using XLLM.Silo.Vision;

namespace XLLM.Silo.Execution;

/// <summary>Fills the batch, runs the model, draws the tokens.</summary>
internal sealed partial class ModelExecutor : IStepExecutor
{
    private readonly ICausalModel _model;
    private readonly IOps _ops;
    private readonly KvPool _pool;
    private readonly KvLayout _layout;
    private readonly ForwardBatch _batch;
    private readonly Sampler _sampler;
    private readonly IPictureStage? _pictures;
    private readonly TimeProvider _clock;
    private float[] _pictureRows = [];
    private readonly ILogger _logger;

    /// <param name="model">The model.</param>
    /// <param name="ops">Operations of the backend that has its weights.</param>
    /// <param name="pool">KV blocks in that backend's memory, laid out for the model.</param>
    /// <param name="clock">Measures steps.</param>
    /// <param name="logger">Hears of steps that fail.</param>
    /// <param name="pictures">Encodes pictures; null: no sequence has any.</param>
    public ModelExecutor(ICausalModel model, IOps ops, KvPool pool, TimeProvider clock, ILogger<ModelExecutor> logger, IPictureStage? pictures = null)
    {
        (_model, _ops, _pool, _clock, _logger, _pictures) = (model, ops, pool, clock, logger, pictures);
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
            Copy(plan);
            if (plan.Grants.Count == 0)
            {
                return;     // a step of copies alone
            }

            EncodePictures(plan);
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
        finally
        {
            plan.Elapsed = _clock.GetElapsedTime(started);
        }
    }

    /// <summary>Old contents leave before new ones come: an evicted block may be one that is filled.</summary>
    private void Copy(StepPlan plan)
    {
        var started = _clock.GetTimestamp();
        for (var i = 0; i < plan.CopiesOut.Count; i++)
        {
            _pool.Read(plan.CopiesOut[i].Block.Value, plan.CopiesOut[i].Host.Payload);
        }

        for (var i = 0; i < plan.CopiesIn.Count; i++)
        {
            _pool.Write(plan.CopiesIn[i].Block.Value, plan.CopiesIn[i].Host.Payload);
        }

        plan.HasCopied = true;
        plan.CopyTime = _clock.GetElapsedTime(started);
    }

    /// <summary>Gathers the rows that stand for pictures, encoding those that nobody has encoded yet. Before the step begins, since the encoder has steps of its own.</summary>
    private void EncodePictures(StepPlan plan)
    {
        if (plan.Pictures.Count == 0)
        {
            return;
        }

        var columns = _pictures!.Columns;
        if (_pictureRows.Length < plan.PictureRows.Count * columns)
        {
            _pictureRows = new float[Math.Max(plan.PictureRows.Count * columns, 2 * _pictureRows.Length)];
        }

        var to = _pictureRows.AsSpan();
        foreach (var span in plan.Pictures)
        {
            var size = span.Tokens * columns;
            if (Encoded(span, columns) is { } rows)
            {
                rows.AsSpan(span.FirstToken * columns, size).CopyTo(to);
            }
            else
            {
                to[..size].Clear();         // its sequence has a fault, and what comes of these rows is dropped
            }

            to = to[size..];
        }
    }

    /// <summary>A picture's rows. They are held while a part of them is still to come: a cache of any size may drop them meanwhile.</summary>
    private float[]? Encoded(in PictureSpan span, int columns)
    {
        var pictures = span.Sequence.Pictures!;
        var place = pictures.Places[span.Picture];
        try
        {
            var rows = pictures.Encoded[span.Picture] ?? _pictures!.Encode(pictures, span.Picture);
            if (rows.Length != place.Tokens * columns)
            {
                throw new PictureException($"the encoder gave {rows.Length} numbers for a picture of {place.Tokens} tokens of {columns}");
            }

            pictures.Encoded[span.Picture] = span.FirstToken + span.Tokens < place.Tokens ? rows : null;
            return rows;
        }
        catch (PictureException fault)
        {
            pictures.Fault = fault.Message;
            return null;
        }
    }

    private void FillBatch(StepPlan plan)
    {
        ResolvePlaceholders(plan);
        _batch.TokenIds = _ops.Integers(plan.TokenIds.Values);
        _batch.Positions = _ops.Integers(plan.Positions.Values);
        var hasPictures = plan.PictureRows.Count > 0;
        _batch.RotaryPositions = plan.RotaryPositions.Count > 0 && _model.RotaryAxes > 1 ? _ops.Integers(plan.RotaryPositions.Values, _model.RotaryAxes) : default;
        _batch.PictureRows = hasPictures ? _ops.Integers(plan.PictureRows.Values) : default;
        _batch.PictureEmbeddings = hasPictures ? _ops.Floats(_pictureRows.AsSpan(0, plan.PictureRows.Count * _pictures!.Columns), plan.PictureRows.Count) : default;
        _batch.LogitRows = _ops.Integers(plan.LogitRows.Values);
        _batch.PooledRows = plan.PooledRows.Count > 0 ? _ops.Integers(plan.PooledRows.Values) : null;
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
        var pooled = _batch.Pooled;
        if (logits.Rows != plan.LogitRows.Count || (pooled?.Rows ?? 0) != plan.PooledRows.Count)
        {
            throw new OpException(
                $"the model gave {logits.Rows} rows of logits and {pooled?.Rows ?? 0} of hidden states, {plan.LogitRows.Count} and {plan.PooledRows.Count} were asked for");
        }

        var (logitRow, pooledRow) = (0, 0);
        for (var i = 0; i < grants.Length; i++)
        {
            var sequence = plan.Grants[grants[i]].Sequence;
            plan.SetDrawn(i, sequence.Pooler switch
            {
                null => _sampler.Sample(_ops.ReadRow(logits, logitRow++), sequence.Sampler, plan.TopTokens(i), plan.TopLogprobs(i)),
                { ReadsLogits: true } pooler => new SampledToken(Sequence.Placeholder, 0, 0, pooler.Pool(_ops.ReadRow(logits, logitRow++))),
                var pooler => new SampledToken(Sequence.Placeholder, 0, 0, pooler.Pool(_ops.ReadRow(pooled!.Value, pooledRow++))),
            });
        }
    }
}
