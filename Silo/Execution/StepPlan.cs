using XLLM.Silo.KvCache;
using XLLM.Silo.Sampling;
using XLLM.Silo.Sequences;

namespace XLLM.Silo.Execution;

/// <summary>One step as it travels from planning to the executor and back: what to compute, and what came of it. Reused from step to step.</summary>
/// <remarks>Everything that the forward pass needs is copied in, so that planning may change sequences and block tables while the step executes.</remarks>
/// <param name="groups">Groups of layers.</param>
internal sealed class StepPlan(int groups)
{
    private readonly List<Grant> _grants = [];
    private SampledToken[] _drawn = [];
    private int[] _topTokens = [];
    private float[] _topLogprobs = [];

    /// <summary>The grants, in order.</summary>
    public IReadOnlyList<Grant> Grants => _grants;

    /// <summary>Token of each row; <see cref="Sequence.Placeholder"/> where a step before draws it.</summary>
    public IntBuffer TokenIds { get; } = new();

    /// <summary>Place in its sequence of each row.</summary>
    public IntBuffer Positions { get; } = new();

    /// <summary>By grant: its first row; then the number of rows.</summary>
    public IntBuffer RowStarts { get; } = new();

    /// <summary>By grant: tokens of its sequence up to and with its last row.</summary>
    public IntBuffer ContextLengths { get; } = new();

    /// <summary>By drawn token: the row whose logits it is drawn from.</summary>
    public IntBuffer LogitRows { get; } = new();

    /// <summary>By sequence that is pooled from its hidden state in this step: its last row.</summary>
    public IntBuffer PooledRows { get; } = new();

    /// <summary>By drawn token or pooled result: its grant.</summary>
    public IntBuffer DrawingGrants { get; } = new();

    /// <summary>[3, rows]: rotary positions in three axes; empty where no sequence of the step has pictures.</summary>
    public IntBuffer RotaryPositions { get; } = new();

    /// <summary>Rows that stand for pictures, ascending.</summary>
    public IntBuffer PictureRows { get; } = new();

    /// <summary>The pictures of <see cref="PictureRows"/>, in the same order.</summary>
    public List<PictureSpan> Pictures { get; } = [];

    /// <summary>By group of layers: where its keys and values go and are.</summary>
    public GroupPlan[] Groups { get; } = [.. Enumerable.Range(0, groups).Select(_ => new GroupPlan())];

    /// <summary>KV blocks to copy to host memory before anything else: this step may write them.</summary>
    public List<BlockCopy> CopiesOut { get; } = [];

    /// <summary>KV blocks to fill from host memory after that, before the forward pass reads them.</summary>
    public List<BlockCopy> CopiesIn { get; } = [];

    /// <summary>How long the copies took.</summary>
    public TimeSpan CopyTime { get; set; }

    /// <summary>Whether all copies were made.</summary>
    public bool HasCopied { get; set; }

    /// <summary>Why the step could not be computed, or null.</summary>
    public string? Failure { get; private set; }

    /// <summary>How long the executor worked on it.</summary>
    public TimeSpan Elapsed { get; set; }

    /// <summary>By drawn token: what came of it.</summary>
    public ReadOnlySpan<SampledToken> Drawn => _drawn.AsSpan(0, DrawingGrants.Count);

    /// <summary>Begins a new plan.</summary>
    public void Clear()
    {
        _grants.Clear();
        TokenIds.Clear();
        Positions.Clear();
        RowStarts.Clear();
        ContextLengths.Clear();
        LogitRows.Clear();
        PooledRows.Clear();
        RotaryPositions.Clear();
        PictureRows.Clear();
        Pictures.Clear();
        DrawingGrants.Clear();
        foreach (var group in Groups)
        {
            group.Clear();
        }

        CopiesOut.Clear();
        CopiesIn.Clear();
        HasCopied = false;
        Failure = null;
    }

    /// <summary>Adds a grant; its rows follow.</summary>
    internal void Add(in Grant grant)
    {
        if (grant.DrawsToken)
        {
            DrawingGrants.Add(_grants.Count);
        }

        _grants.Add(grant);
    }

    /// <summary>Makes room for what will be drawn.</summary>
    internal void PrepareResults()
    {
        if (_drawn.Length < DrawingGrants.Count)
        {
            var size = Math.Max(DrawingGrants.Count, 2 * _drawn.Length);
            _drawn = new SampledToken[size];
            _topTokens = new int[size * Sampler.MostTopLogprobs];
            _topLogprobs = new float[size * Sampler.MostTopLogprobs];
        }
    }

    /// <summary>Notes what was drawn.</summary>
    internal void SetDrawn(int index, in SampledToken token) => _drawn[index] = token;

    /// <summary>Nothing of the step counts.</summary>
    internal void Fail(string failure) => Failure = failure;

    /// <summary>The most probable tokens beside a drawn one; <see cref="SampledToken.TopCount"/> of them are meant.</summary>
    public Span<int> TopTokens(int index) => _topTokens.AsSpan(index * Sampler.MostTopLogprobs, Sampler.MostTopLogprobs);

    /// <summary>Their log probabilities.</summary>
    public Span<float> TopLogprobs(int index) => _topLogprobs.AsSpan(index * Sampler.MostTopLogprobs, Sampler.MostTopLogprobs);
}

/// <summary>A step's addresses in one group of layers.</summary>
internal sealed class GroupPlan
{
    /// <summary>By row: where its key and value are stored.</summary>
    public IntBuffer Slots { get; } = new();

    /// <summary>By grant: its block table, padded to the longest of the step.</summary>
    public IntBuffer BlockTables { get; } = new();

    internal void Clear()
    {
        Slots.Clear();
        BlockTables.Clear();
    }
}
