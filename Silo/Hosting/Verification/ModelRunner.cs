using XLLM.NativeBackends.Ops;
using XLLM.Silo.Execution;
using XLLM.Silo.KvCache;
using XLLM.Silo.Models;
using XLLM.Silo.Models.Adapters;
using XLLM.Silo.Vision;
using XLLM.Silo.Weights;

namespace XLLM.Silo.Hosting.Verification;

/// <summary>A few tokens of a sequence for one step.</summary>
/// <param name="Sequence">The sequence; its tokens so far are in the KV pool.</param>
/// <param name="TokenIds">The next tokens, at least one.</param>
internal readonly record struct RunnerGrant(RunnerSequence Sequence, ReadOnlyMemory<int> TokenIds);

/// <summary>A sequence inside a <see cref="ModelRunner"/>.</summary>
/// <param name="groups">Groups of layers, each with a block table of its own.</param>
/// <param name="pictures">Pictures of the prompt that it begins with, or null.</param>
internal sealed class RunnerSequence(int groups, EncodedPictures? pictures = null)
{
    /// <summary>Pictures of the prompt that it begins with, or null.</summary>
    public EncodedPictures? Pictures { get; } = pictures;

    /// <summary>By group: KV blocks in token order.</summary>
    public List<int>[] Blocks { get; } = [.. Enumerable.Range(0, groups).Select(_ => new List<int>())];

    /// <summary>Tokens whose keys and values are in the pool.</summary>
    public int ComputedTokens { get; set; }

    /// <summary>Added to its rows; null: the base model alone.</summary>
    public LoraAdapter? Adapter { get; init; }
}

/// <summary>Runs a model step by step without the engine: no scheduler, no sampling, no concurrency. For checks and tools.</summary>
/// <remarks>KV blocks are lent in a scrambled order, so that a kernel which ignores the block table does not pass by luck.</remarks>
internal sealed class ModelRunner : IDisposable
{
    private const int BlockTokens = 16;

    private readonly IBackend _backend;
    private readonly RecordedSelection _recorded;
    private readonly ICausalModel _model;
    private readonly KvPool _pool;
    private readonly Stack<int> _free;
    private readonly int[] _groupOfLayer;
    private readonly Dictionary<GoldenPrompt, EncodedPictures> _encoded = [];

    /// <param name="backend">Computes.</param>
    /// <param name="model">Loaded on <paramref name="backend"/>.</param>
    /// <param name="sequences">Most sequences at once.</param>
    /// <param name="tokens">Most tokens of a sequence.</param>
    /// <param name="kvType">How keys and values are kept.</param>
    public ModelRunner(IBackend backend, ICausalModel model, int sequences, int tokens, KvType kvType = KvType.F32)
    {
        _backend = backend;
        _recorded = new RecordedSelection(backend);
        _model = model;
        var groups = model.KvLayout.Groups;
        var states = groups.Any(group => group.State is not null) ? 2 * new KvGeometry(model.KvLayout, kvType.ElementType(), BlockTokens).StateBlocks : 0;
        var blocks = checked(sequences * ((groups.Count * ((tokens + BlockTokens - 1) / BlockTokens)) + states));
        _pool = new KvPool(backend, model.KvLayout, kvType.ElementType(), BlockTokens, blocks);

        var order = Enumerable.Range(0, blocks).ToArray();
        new Random(blocks).Shuffle(order);
        _free = new Stack<int>(order);

        _groupOfLayer = new int[_pool.Layers.Count];
        for (var group = 0; group < groups.Count; group++)
        {
            foreach (var layer in groups[group].Layers)
            {
                _groupOfLayer[layer] = group;
            }
        }
    }

    /// <summary>Whether a step goes on where the one before on the same backend ended, whose results stay valid: a draft's after its target's.</summary>
    public bool ContinuesStep { get; init; }

    /// <summary>Rotary position of a sequence's first token.</summary>
    public int FirstPosition { get; init; }

    /// <summary>Keeps the hidden states of the next steps; null: none.</summary>
    public StateCapture? Capture { get; set; }

    /// <summary>The draft model that guesses for this one, or null.</summary>
    public DraftRunner? Draft { get; set; }

    /// <summary>The model's adapters; null: it runs without.</summary>
    public LoraAdapters? Adapters { get; init; }

    /// <summary>The adapter of sequences that are started; null: none.</summary>
    public LoraAdapter? Adapter { get; set; }

    /// <summary>Columns of the logits.</summary>
    public int VocabularySize => _model.VocabularySize;

    /// <summary>Whether layers choose the positions that they attend to; what is recorded then depends on a prompt's later tokens: <see cref="RecordedSelection"/>.</summary>
    public bool ChoosesPositions => _model.KvLayout.Groups.Any(group => group.Index is not null);

    /// <summary>Rows of <see cref="Recompute"/> for which the reference chose among equal scores.</summary>
    public int Ties => _recorded.Ties;

    /// <summary>Longest sequence of the model.</summary>
    public int MaxContext => _model.MaxContext;

    /// <summary>The token that stands for pictures; null: the model reads text alone.</summary>
    public int? PictureToken => _model.PictureToken;

    /// <summary>Starts a sequence without tokens.</summary>
    /// <param name="pictures">Pictures of the prompt that it is to begin with, or null.</param>
    public RunnerSequence Start(EncodedPictures? pictures = null) => new(_model.KvLayout.Groups.Count, pictures) { Adapter = Adapter };

    /// <summary>The pictures of a recorded prompt, from its recorded pixel values; null where it has none. Encoded once.</summary>
    /// <exception cref="CheckpointException">What is recorded does not fit the model.</exception>
    public EncodedPictures? PicturesOf(GoldenPrompt prompt)
    {
        if (!prompt.Has("pixel_values"))
        {
            return null;
        }

        if (!_encoded.TryGetValue(prompt, out var pictures))
        {
            var grids = prompt.Grids();
            pictures = Encode(prompt, prompt.Floats("pixel_values", grids.Sum(grid => grid.Patches), Encoder(prompt).ValuesPerPatch), grids);
            _encoded.Add(prompt, pictures);
        }

        return pictures;
    }

    /// <summary>Encodes pictures for a recorded prompt.</summary>
    /// <param name="prompt">Has the places of the pictures.</param>
    /// <param name="pixelValues">Values of all pictures, one after the other.</param>
    /// <param name="grids">Their patches.</param>
    /// <exception cref="CheckpointException">They do not fit the model or the prompt.</exception>
    public EncodedPictures Encode(GoldenPrompt prompt, ReadOnlySpan<float> pixelValues, IReadOnlyList<PictureGrid> grids)
    {
        _ = Encoder(prompt);
        try
        {
            return EncodedPictures.Encode(_backend, _model, prompt.TokenIds, pixelValues, grids);
        }
        catch (Exception exception) when (exception is PictureException or ArgumentException)
        {
            throw new CheckpointException($"prompt {prompt.Number}: {exception.Message}", exception);
        }
    }

    private IPictureEncoder Encoder(GoldenPrompt prompt) =>
        _model.Pictures ?? throw new CheckpointException($"prompt {prompt.Number} has pictures, but the model reads text alone");

    /// <summary>Ends a sequence: its KV blocks go to the next one.</summary>
    public void Release(RunnerSequence sequence)
    {
        foreach (var blocks in sequence.Blocks)
        {
            blocks.ForEach(_free.Push);
            blocks.Clear();
        }

        sequence.ComputedTokens = 0;
    }

    /// <summary>Computes a whole sequence in one step, as the reference did when it was recorded.</summary>
    /// <param name="tokenIds">The sequence.</param>
    /// <param name="hiddenStates">Sees the hidden states: layer, then [tokens * hidden] numbers; or null.</param>
    /// <param name="pictures">Pictures of the prompt that it begins with, or null.</param>
    /// <returns>Logits of every token, row by row: [tokens * vocabulary].</returns>
    public float[] Recompute(ReadOnlyMemory<int> tokenIds, Action<int, float[]>? hiddenStates = null, EncodedPictures? pictures = null)
    {
        var sequence = Start(pictures);
        var logits = Step([new(sequence, tokenIds)], hiddenStates, ChoosesPositions ? _recorded.Revise : null);
        Release(sequence);
        return logits;
    }

    /// <summary>Computes one step of one sequence.</summary>
    /// <param name="sequence">Continues it.</param>
    /// <param name="tokenIds">Its next tokens.</param>
    /// <param name="hiddenStates">Sees the hidden states: layer, then [tokens * hidden] numbers; or null.</param>
    /// <returns>Logits of every token, row by row: [tokens * vocabulary].</returns>
    public float[] Step(RunnerSequence sequence, ReadOnlyMemory<int> tokenIds, Action<int, float[]>? hiddenStates = null) =>
        Step([new(sequence, tokenIds)], hiddenStates);

    /// <summary>Computes one step of several sequences.</summary>
    /// <param name="grants">Each sequence at most once.</param>
    /// <param name="hiddenStates">Sees the hidden states of all rows, or null.</param>
    /// <returns>Logits of every row, in the order of the grants: [rows * vocabulary].</returns>
    /// <exception cref="ArgumentException">A token is not in the vocabulary, or there is no KV block left.</exception>
    public float[] Step(IReadOnlyList<RunnerGrant> grants, Action<int, float[]>? hiddenStates = null) => Step(grants, hiddenStates, reviseSelection: null);

    private float[] Step(IReadOnlyList<RunnerGrant> grants, Action<int, float[]>? hiddenStates, Func<IndexedRows, Tensor>? reviseSelection)
    {
        var ops = _backend.Ops;
        if (!ContinuesStep)
        {
            ops.BeginStep();
        }

        var batch = BuildBatch(grants, ops);
        batch.Capture = Capture;
        batch.LogitRows = ops.Integers([.. Enumerable.Range(0, batch.TokenIds.Columns)]);
        batch.ReviseSelection = reviseSelection;
        batch.HiddenStates = hiddenStates is null ? null : (layer, states) => hiddenStates(layer, Read(states));

        var logits = Read(_model.Forward(batch, ops));
        Advance(grants);
        return logits;
    }

    /// <summary>Computes one step as an engine does: logits of each grant's last token, which stay in the backend.</summary>
    /// <param name="grants">Each sequence at most once.</param>
    public void Forward(IReadOnlyList<RunnerGrant> grants)
    {
        var ops = _backend.Ops;
        ops.BeginStep();
        var batch = BuildBatch(grants, ops);
        var rows = 0;
        batch.LogitRows = ops.Integers([.. grants.Select(grant => (rows += grant.TokenIds.Length) - 1)]);
        _model.Forward(batch, ops);
        Advance(grants);
    }

    private static void Advance(IReadOnlyList<RunnerGrant> grants)
    {
        foreach (var (sequence, tokenIds) in grants)
        {
            sequence.ComputedTokens += tokenIds.Length;
        }
    }

    /// <inheritdoc/>
    public void Dispose() => _pool.Dispose();

    private ForwardBatch BuildBatch(IReadOnlyList<RunnerGrant> grants, IOps ops)
    {
        var tokenIds = new List<int>();
        var positions = new List<int>();
        var rowStarts = new List<int> { 0 };
        var contexts = new List<int>();
        foreach (var (sequence, tokens) in grants)
        {
            foreach (var token in tokens.Span)
            {
                if (token < 0 || token >= VocabularySize)
                {
                    throw new ArgumentException($"token {token} is not in the vocabulary of {VocabularySize}", nameof(grants));
                }

                positions.Add(FirstPosition + sequence.ComputedTokens + tokenIds.Count - rowStarts[^1]);
                tokenIds.Add(token);
            }

            rowStarts.Add(tokenIds.Count);
            contexts.Add(sequence.ComputedTokens + tokens.Length);
            Reserve(sequence, contexts[^1]);
        }

        Adapters?.Use(AdapterRuns(grants, rowStarts), tokenIds.Count);
        var starts = ops.Integers([.. rowStarts]);
        var lengths = ops.Integers([.. contexts]);
        var groups = Enumerable.Range(0, _model.KvLayout.Groups.Count)
            .Select(group => _model.KvLayout.Groups[group].State is null ? BuildAttention(grants, group, starts, lengths, ops) : BuildStates(grants, group, starts, lengths, ops)).ToArray();
        var batch = new ForwardBatch
        {
            TokenIds = ops.Integers([.. tokenIds]),
            Positions = ops.Integers([.. positions]),
            LogitRows = default,
            Kv = _pool.Layers,
            States = _pool.States,
            Attention = [.. _groupOfLayer.Select(group => groups[group])],
        };
        if (grants.Any(grant => grant.Sequence.Pictures is not null))
        {
            AddPictures(batch, grants, ops);
        }

        return batch;
    }

    private static void AddPictures(ForwardBatch batch, IReadOnlyList<RunnerGrant> grants, IOps ops)
    {
        var (positions, rows, embeddings) = (new int[RotaryPositions.Axes * batch.TokenIds.Columns], new List<int>(), new List<float>());
        var (row, columns) = (0, 1);
        foreach (var (sequence, tokens) in grants)
        {
            for (var token = sequence.ComputedTokens; token < sequence.ComputedTokens + tokens.Length; token++, row++)
            {
                for (var axis = 0; axis < RotaryPositions.Axes; axis++)
                {
                    positions[(axis * batch.TokenIds.Columns) + row] = sequence.Pictures?.Positions.At(axis, token) ?? token;
                }

                if (sequence.Pictures is { } pictures && pictures.RowOf(token) is { } source)
                {
                    columns = pictures.Columns;
                    rows.Add(row);
                    embeddings.AddRange(pictures.Embeddings.AsSpan(source * columns, columns));
                }
            }
        }

        batch.RotaryPositions = ops.Integers(positions, RotaryPositions.Axes);
        if (rows.Count > 0)
        {
            batch.PictureRows = ops.Integers([.. rows]);
            batch.PictureEmbeddings = ops.Floats([.. embeddings], rows.Count);
        }
    }

    /// <summary>A state goes to and fro between two sets of blocks, so that a kernel which writes where it reads does not pass by luck.</summary>
    private AttentionBatch BuildStates(IReadOnlyList<RunnerGrant> grants, int group, Tensor rowStarts, Tensor contexts, IOps ops)
    {
        var tables = new List<int>();
        foreach (var grant in grants)
        {
            var blocks = grant.Sequence.Blocks[group];
            var half = _pool.Geometry.StateBlocks;
            tables.AddRange(blocks);
            blocks.Reverse(0, half);
            blocks.Reverse(half, half);
            blocks.Reverse();
        }

        return new AttentionBatch(rowStarts, contexts, ops.Integers([.. tables], grants.Count), ops.Integers([]));
    }

    private static AttentionBatch BuildAttention(IReadOnlyList<RunnerGrant> grants, int group, Tensor rowStarts, Tensor contexts, IOps ops)
    {
        var most = grants.Max(grant => grant.Sequence.Blocks[group].Count);
        var tables = new int[grants.Count * most];
        var slots = new List<int>();
        for (var i = 0; i < grants.Count; i++)
        {
            var (sequence, tokens) = grants[i];
            sequence.Blocks[group].CopyTo(tables, i * most);
            for (var position = sequence.ComputedTokens; position < sequence.ComputedTokens + tokens.Length; position++)
            {
                slots.Add((sequence.Blocks[group][position / BlockTokens] * BlockTokens) + (position % BlockTokens));
            }
        }

        return new AttentionBatch(rowStarts, contexts, ops.Integers(tables, grants.Count), ops.Integers([.. slots]));
    }

    private static AdapterRows[] AdapterRuns(IReadOnlyList<RunnerGrant> grants, List<int> rowStarts) =>
    [
        .. grants.Select((grant, i) => (grant.Sequence.Adapter, First: rowStarts[i], Count: rowStarts[i + 1] - rowStarts[i]))
            .Where(run => run.Adapter is not null).Select(run => new AdapterRows(run.Adapter!, run.First, run.Count)),
    ];

    private void Reserve(RunnerSequence sequence, int tokens)
    {
        for (var group = 0; group < sequence.Blocks.Length; group++)
        {
            var blocks = sequence.Blocks[group];
            var needed = _model.KvLayout.Groups[group].State is null ? (tokens + BlockTokens - 1) / BlockTokens : 2 * _pool.Geometry.StateBlocks;
            while (blocks.Count < needed)
            {
                blocks.Add(_free.TryPop(out var block) ? block : throw new ArgumentException($"no KV block is left of {_pool.Blocks} for a sequence of {tokens} tokens"));
            }
        }
    }

    private float[] Read(Tensor matrix)
    {
        var values = new float[matrix.Rows * matrix.Columns];
        for (var row = 0; row < matrix.Rows; row++)
        {
            _backend.Ops.ReadRow(matrix, row).CopyTo(values.AsSpan(row * matrix.Columns));
        }

        return values;
    }
}
